import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { fitRows, RANK, type RankedLine } from '../../../src/client/render/fit.ts';
import { renderTree } from '../../../src/client/render/tree.ts';
import { PHASES } from '../../../src/workflows/api.ts';
import { at, evidence, liveStatus, NOW_MS, phase, reading } from './status.ts';

const colors = pc.createColors(false);

describe('lines that are more than the terminal has rows', () => {
  const lines: RankedLine[] = [
    { text: 'head', rank: RANK.headline },
    { text: 'old', rank: RANK.phase },
    { text: 'now', rank: RANK.current },
    { text: 'value', rank: RANK.evidence },
    { text: 'later', rank: RANK.phase },
    { text: 'message', rank: RANK.detail },
  ];

  it('stay as they are when they fit', () => {
    expect(fitRows(lines, 6, colors)).toEqual(['head', 'old', 'now', 'value', 'later', 'message']);
  });

  it('give way by rank, the upper ones first, and stay in their order', () => {
    expect(fitRows(lines, 5, colors)).toEqual(['head', 'now', 'value', 'later', expect.stringContaining('… 2 more')]);
    expect(fitRows(lines, 3, colors)).toEqual(['head', 'now', expect.stringContaining('… 4 more lines')]);
    expect(fitRows(lines, 1, colors)).toEqual([expect.stringContaining('… 6 more')]);
    expect(fitRows(lines, 0, colors)).toEqual([]);
  });
});

describe('the tree in a low terminal', () => {
  const breached = reading({ source: 'error_rate > 1', kind: 'trigger', state: 'breached' });
  const quiet = Array.from({ length: 20 }, (_, index) => reading({ source: `p99_latency < ${index}ms` }));
  const phases = PHASES.map((name) =>
    name === 'observation'
      ? phase(name, { state: 'running', started_at: at(-60_000), ends_at: at(60_000), share: 100 })
      : PHASES.indexOf(name) < PHASES.indexOf('observation')
        ? phase(name, { state: 'passed', started_at: at(-90_000), ended_at: at(-60_000), share: 10 })
        : phase(name),
  );
  const status = liveStatus(
    { phase: 'observation', phases, attention: ['Drift: somebody wrote'] },
    { evidence: evidence(...quiet, breached) },
  );

  it.each([8, 10, 14, 24])('keeps headline, current phase and what is wrong within %d rows', (rows) => {
    const shown = renderTree(status, { columns: 100, rows, colors, nowMs: NOW_MS });
    expect(shown.split('\n')).toHaveLength(rows);
    expect(shown).toContain('checkout 2.4.1 → production');
    expect(shown).toMatch(/▶ observation/);
    expect(shown).toMatch(/▲ roll back when error_rate > 1/);
    expect(shown).toMatch(/more lines; a taller window shows them$/);
  });

  it('is whole where there is room', () => {
    const shown = renderTree(status, { columns: 100, rows: 60, colors, nowMs: NOW_MS });
    expect(shown).not.toContain('more lines');
    expect(shown).toContain('! Drift: somebody wrote');
  });
});
