import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DemoReport } from '../../src/client/demo/report.ts';
import { type RunningCli, startCli } from '../support/cli.ts';
import { temporaryFolder } from '../support/processes.ts';

/** The demo's own bound is two minutes, on a slow machine too. */
const LIMIT_MS = 150_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder('demo-test');
});
afterEach(() => folder.remove());

async function startDemo(...args: string[]): Promise<{ demo: RunningCli; temporary: string }> {
  const temporary = join(folder.path, 'tmp');
  await mkdir(temporary);
  const cli = process.env.CUTOVER_TEMPORAL_CLI;
  const env = { TMPDIR: temporary, ...(cli === undefined ? {} : { CUTOVER_TEMPORAL_CLI: cli }) };
  return { demo: startCli(['demo', ...args], { env, limitMs: LIMIT_MS }), temporary };
}

/** Neither processes that answer, nor files. */
async function expectNothingLeft(stdout: string, temporary: string): Promise<void> {
  const urls = [/requests\/s at (\S+)/, /Web UI: (\S+)/].map((pattern) => pattern.exec(stdout)?.[1]);
  for (const url of urls) {
    expect(url).toMatch(/^http:/);
    await expect(fetch(url ?? '', { signal: AbortSignal.timeout(2_000) })).rejects.toThrow();
  }
  expect(await readdir(temporary)).toEqual([]);
}

test('the demo ends as intended, reports it, and leaves nothing behind', async () => {
  const reportFile = join(folder.path, 'report.json');
  const { demo, temporary } = await startDemo('--report', reportFile);
  const { code, stdout, stderr } = await demo.result;
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });

  const report: DemoReport = JSON.parse(await readFile(reportFile, 'utf8'));
  expect(Object.keys(report)).toEqual(['seconds', 'requests', 'failed', 'web_ui', 'deployments']);
  expect(report.deployments).toMatchObject([
    { version: '2.0.0', outcome: 'succeeded', detect_ms: null, rollback_ms: null, failed: 0 },
    { version: '3.0.0', outcome: 'rolled_back', detect_ms: null, resumed_after_ms: null, failed: 0 },
    { version: '4.0.0', outcome: 'rolled_back', resumed_after_ms: null },
    { version: '5.0.0', outcome: 'rolled_back', detect_ms: null, resumed_after_ms: null, failed: 0 },
  ]);
  const [killed, slow, broken, takenBack] = report.deployments;
  expect(report.deployments.map((one) => one.max_share_before_switch)).toEqual([10, 10, 10, 10]);
  expect(killed?.resumed_after_ms).toBeGreaterThan(0);
  expect(slow?.rollback_ms).toBeGreaterThanOrEqual(0);
  expect(broken?.detect_ms).toBeGreaterThan(0);
  expect(takenBack?.rollback_ms).toBeGreaterThanOrEqual(0);
  // Only the broken version fails requests, and the clients' sum is that of the deployments.
  expect(broken?.failed).toBeGreaterThan(0);
  expect(report.failed).toBe(broken?.failed);
  for (const { served, events } of report.deployments) {
    expect(served).toBeGreaterThan(0);
    expect(events).toBeGreaterThan(0);
  }
  expect(report.requests).toBeGreaterThan(200 * (report.seconds - 10));

  expect(stdout).toMatch(/3\.0\.0.*too slow.*rolled back ✓.*10 % \/ 10 %/);
  expect(stdout).toMatch(/4 of 4 as meant/);
  expect(stdout).toContain(`The Web UI was at ${report.web_ui}`);
  await expectNothingLeft(stdout, temporary);
});

test.each([
  { signal: 'SIGINT', moment: /2\.0\.0 is deployed/ },
  { signal: 'SIGTERM', moment: /warmup +passed/ },
] as const)('a $signal in the middle ends everything that was started', async ({ signal, moment }) => {
  const { demo, temporary } = await startDemo();
  await demo.waitFor(moment, 60_000);
  demo.kill(signal);
  const { code, stdout, stderr } = await demo.result;
  expect(code).toBe(130);
  expect(stderr).toBe('interrupted: ending …\n');
  await expectNothingLeft(stdout, temporary);
});

test('a report that cannot be written is refused before anything is started', async () => {
  const { demo, temporary } = await startDemo('--report', join(folder.path, 'missing', 'report.json'));
  const { code, stdout, stderr } = await demo.result;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('CUTOVER_USAGE The report');
  expect(await readdir(temporary)).toEqual([]);
});
