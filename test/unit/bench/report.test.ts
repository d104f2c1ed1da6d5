import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { FIGURES } from '../../../bench/figures.ts';
import type { Figure, Measured } from '../../../bench/lib/figure.ts';
import { report } from '../../../bench/lib/report.ts';
import { readSettings } from '../../../bench/lib/settings.ts';
import { table } from '../../../bench/lib/table.ts';

const measured: Measured = {
  report: { p50: 20, p99: 400, floor_p50: 8 },
  stats: { p50: 20, p99: 400, worst: 3, rate: 60 },
  units: { worst: 'requests', rate: 'starts/s' },
  floor: { p50: 8 },
  floor_is: 'the bare write',
  details: { samples: 30 },
};
const figure: Figure = {
  name: 'rollback_ms',
  title: 'a rollback',
  unit: 'ms',
  goal: [
    { stat: 'p50', below: 100 },
    { stat: 'p99', below: 300 },
    { stat: 'worst', at_most: 3 },
    { stat: 'rate', above: 50 },
  ],
  limitMs: 1_000,
  run: async () => measured,
};
const BEFORE = { started_at: '2026-01-01T00:00:00.000Z', load_average_before: 0.1 };

describe('the report', () => {
  it('has exactly the public shape under the name of the figure, and everything else beside it', () => {
    const { rollback_ms, details } = report([{ figure, measured }], BEFORE, 1);
    expect(rollback_ms).toEqual({ p50: 20, p99: 400, floor_p50: 8 });
    expect(details).toMatchObject({
      rollback_ms: {
        unit: 'ms',
        samples: 30,
        times_floor: { p50: 2.5 },
        goals: [{ met: true }, { met: false }, { met: true }, { met: true }],
      },
    });
  });

  it('says of a figure that was not measured why, and gives no number', () => {
    const { rollback_ms, details } = report([{ figure, error: 'no worker' }], BEFORE, 1);
    expect(rollback_ms).toBeNull();
    expect(details).toEqual({ rollback_ms: { error: 'no worker' } });
  });
});

describe('the table', () => {
  it('shows each statistic with its unit, its goal and its floor', () => {
    const lines = table([{ figure, measured }], pc.createColors(false)).split('\n');
    const cells = (stat: string) =>
      lines
        .find((line) => line.includes(` ${stat} `))
        ?.split('│')
        .map((cell) => cell.trim())
        .slice(2, -1);
    expect(cells('p50')).toEqual(['p50', '20', 'ms', '< 100', 'met', '8', '2.5']);
    expect(cells('p99')).toEqual(['p99', '400', 'ms', '< 300', 'missed', '', '']);
    expect(cells('worst')).toEqual(['worst', '3', 'requests', '≤ 3', 'met', '', '']);
    expect(cells('rate')).toEqual(['rate', '60', 'starts/s', '> 50', 'met', '', '']);
  });
});

describe('the arguments', () => {
  const names = (args: string[]) => {
    const settings = readSettings(args, FIGURES);
    return typeof settings === 'string' ? settings : settings.figures.map(({ name }) => name);
  };

  it('choose every figure, or the named ones in the order of the bench', () => {
    expect(names([])).toEqual(FIGURES.map(({ name }) => name));
    expect(names(['--only', 'events_4h, rollback_command_ms'])).toEqual(['rollback_command_ms', 'events_4h']);
  });

  it('are refused with the names that there are, or with the flag that there is not', () => {
    expect(names(['--only', 'rollback'])).toMatch(/no figure is named rollback; there are rollback_command_ms, /);
    expect(names(['--fast'])).toMatch(/--fast/);
  });
});

describe('the figures', () => {
  it('have names of their own', () => {
    const names = FIGURES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
