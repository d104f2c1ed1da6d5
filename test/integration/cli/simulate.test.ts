import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SimulationReport } from '../../../src/simulate/report.ts';
import { runCli, startCli } from '../../support/cli.ts';

const PLAN = `service: checkout
version: "2.4.1"
platform: local
blue_green_switch:
  validation_phases:
    full_switch: {duration: 30s, rollback_triggers: ["error_rate > 0.5"]}
observation: {duration: 4h}
lease: {duration: 1h}
`;
const CALM = 'series: {error_rate: [{at: 0s, candidate: 0.1, active: 0.1}]}\n';
const BURST = 'series: {error_rate: [{at: 0s, candidate: 0.1, active: 0.1}, {at: observation+2h, candidate: 5}]}\n';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutover-simulate-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** No Temporal of ours: there is none at this address. */
function simulate(metrics: string, ...more: string[]): ReturnType<typeof runCli> {
  const args = ['simulate', file('plan.yaml', PLAN), '--metrics', file('metrics.yaml', metrics), ...more];
  return runCli(args, { address: '127.0.0.1:1', limitMs: 50_000 });
}

test('a plan on calm metrics succeeds, and shows when what happened', async () => {
  const { code, stdout, stderr } = await simulate(CALM, '--expect', 'succeeded');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/✔ observation +4h/);
  expect(stdout).toMatch(/\n 5h\ds? in |\n 5h\d+s in /);
  expect(stdout).toMatch(/\+4h\d+s +phase +lease begins/);
});

test('an outcome that was not expected ends with 1, as JSON too', async () => {
  const { code, stdout, stderr } = await simulate(BURST, '--expect', 'succeeded', '--json');
  expect(code).toBe(1);
  expect(stderr).toContain('expected succeeded, but it ended as rolled_back');
  const report = JSON.parse(stdout) as SimulationReport;
  expect(report).toMatchObject({ outcome: 'rolled_back', status: { weights: { blue: 100, green: 0 } } });
  const [back] = report.events.filter(({ kind }) => kind === 'rollback');
  expect(back?.after_ms).toBeGreaterThan(2 * 3_600_000);
});

test('a file with a mistake, one that lacks a metric, and an invalid plan are usage', async () => {
  const misspelt = await simulate('series:\n  error_rate: [{at: soon, candidate: 1}]\n');
  expect(misspelt.code).toBe(2);
  expect(misspelt.stderr).toMatch(
    /CUTOVER_SCENARIO_INVALID .*metrics\.yaml:2:\d+: `series\.error_rate\[0\]\.at` must be/,
  );
  const lacking = await simulate('series: {p99_latency: [{at: 0s, candidate: 1}]}');
  expect(lacking.code).toBe(2);
  expect(lacking.stderr).toContain('The plan judges `error_rate`, but the file says nothing of it.');
  const invalid = await simulate(CALM, '--set', 'lease.duration=soon');
  expect(invalid.code).toBe(2);
  const unknown = await simulate(CALM, '--expect', 'great');
  expect(unknown.code).toBe(2);
});

/** The test server, once it runs: any of the process's threads may have started it. */
function childrenOf(pid: number | undefined): string {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'))
    .join('')
    .trim();
}

test('Ctrl-C ends it at once', async () => {
  const args = [
    'simulate',
    file('long.yaml', PLAN),
    '-m',
    file('calm.yaml', CALM),
    '--set',
    'observation.duration=300h',
  ];
  const running = startCli(args, { limitMs: 40_000 });
  // 300 hours take much longer than it takes to see that they have begun.
  await expect.poll(() => childrenOf(running.pid), { timeout: 30_000 }).not.toBe('');
  running.kill('SIGINT');
  expect(await running.result).toEqual({ code: 130, stdout: '', stderr: '' });
});
