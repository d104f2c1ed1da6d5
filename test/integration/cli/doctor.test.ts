import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../../src/client/doctor/check.ts';
import { type CliOptions, runCli } from '../../support/cli.ts';
import { runShop, SERVICE, startWorkbench, type Workbench } from '../local/support.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let bench: Workbench;
let folder: string;

beforeAll(async () => {
  [stage, bench] = await Promise.all([openStage(), startWorkbench()]);
  folder = mkdtempSync(join(tmpdir(), 'cutover-doctor-'));
});
afterAll(async () => {
  await stage?.close();
  await bench?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function examined(
  args: string[] = [],
  options: CliOptions = {},
): Promise<{ code: number | null; found: Map<string, Check> }> {
  const { code, stdout } = await runCli(['doctor', '--json', ...args], { address: stage.address, ...options });
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return { code, found: new Map(checks.map((check) => [check.name, check])) };
}

function states(found: Map<string, Check>): Record<string, string> {
  return Object.fromEntries([...found.values()].map(({ name, state }) => [name, state]));
}

function planFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('without a worker', () => {
  test('the task queues fail, each with what to do; then a deployment of nobody’s is named', async () => {
    const { code, found } = await examined();
    expect(code).toBe(1);
    expect(states(found)).toMatchObject({
      Node: 'ok',
      Temporal: 'ok',
      namespace: 'ok',
      'search attributes': 'ok',
      'may list': 'ok',
      'may describe': 'ok',
      'may start and signal': 'ok',
      'cutover (workflows)': 'failed',
      'cutover (mutations)': 'failed',
      'cutover-watch (watchers)': 'failed',
      'open runs': 'ok',
    });
    expect(found.get('cutover (workflows)')).toMatchObject({ fix: 'Start a worker: cutover worker' });
    expect(found.get('Temporal')?.detail).toMatch(/^127\.0\.0\.1:\d+, no TLS, server \d/);

    await runCli(['start', await stage.planFile('shop')], { address: stage.address });
    const stranded = () => examined().then((next) => next.found.get('runs without a poller'));
    await expect.poll(stranded, { timeout: 40_000, interval: 2_000 }).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(/their workflow task waits: production\/shop \(\d+s\)/),
    });
  });
});

describe('with a worker', () => {
  beforeAll(() => stage.startWorker());

  test('all is well, and the approval that is waited for is told', async () => {
    const approval = () => examined().then(({ found }) => found.get('oldest unanswered approval')?.detail);
    await expect
      .poll(approval, { timeout: 40_000, interval: 1_000 })
      .toMatch(/^production\/shop has waited \d+s for 1 of ana@example\.com$/);
    const { code, found } = await examined();
    expect([...found.values()].filter(({ state }) => state === 'failed')).toEqual([]);
    expect(code).toBe(0);
    expect(found.get('cutover-watch (watchers)')?.detail).toMatch(/^polled by .+, last \d+s ago$/);
    const { stdout } = await runCli(['doctor'], { address: stage.address });
    expect(stdout).toMatch(/✔ +open runs +1\n/);
    expect(stdout).toMatch(/\d+ ok, \d+ warnings?, 0 failed/);
  });
});

describe('a namespace', () => {
  test('that is not there fails, and what rests on it is skipped', async () => {
    const { code, found } = await examined([], { env: { TEMPORAL_NAMESPACE: 'nowhere' } });
    expect(code).toBe(1);
    expect(found.get('namespace')).toMatchObject({
      state: 'failed',
      fix: expect.stringContaining('temporal operator namespace create --namespace nowhere'),
    });
    expect(found.get('open runs')).toMatchObject({ state: 'skipped' });
  });

  test('without the search attributes fails, with the command that creates them', async () => {
    const connection = await Connection.connect({ address: stage.address });
    const namespace = 'bare';
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await connection.close();
    const attributes = () =>
      examined([], { env: { TEMPORAL_NAMESPACE: namespace } }).then(({ found }) => found.get('search attributes'));
    await expect.poll(attributes, { timeout: 30_000, interval: 1_000 }).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('missing: DeployService'),
      fix: expect.stringMatching(/^temporal operator search-attribute create --name DeployService .*--namespace bare$/),
    });
  });
});

describe('without Temporal', () => {
  test('everything else is looked at all the same, with exit code 6', async () => {
    await runShop(bench.client, { blue: { version: '1.0.0', replicas: 1 } });
    const plan = planFile('shop.yaml', `service: ${SERVICE}\nversion: "2.0.0"\nplatform: local\n`);
    const options = { address: '127.0.0.1:1', env: { CUTOVER_LOCAL_URL: bench.program.url } };
    const { code, found } = await examined([plan], options);
    expect(code).toBe(6);
    expect(states(found)).toMatchObject({
      Node: 'ok',
      Temporal: 'failed',
      'task queues': 'skipped',
      'local program': 'ok',
      plan: 'ok',
      'platform (local)': 'ok',
      'router (local)': 'ok',
      'metrics (scrape)': 'ok',
    });
    expect(found.get('platform (local)')?.detail).toBe('blue 1 of 1 ready, green 0 of 0 ready');
  });
});

describe('a plan', () => {
  test('whose adapters do not answer, or that asks workers for secrets and scripts, is told so', async () => {
    const plan = planFile(
      'away.yaml',
      `service: away
version: "2.0.0"
platform: {local: {url: "http://127.0.0.1:1"}}
hooks:
  after_switch:
    - {name: purge, script: {command: [purge, --all], env: {KEY: {env: CDN_KEY}, OTHER: {env: SMOKE_X}}}}
`,
    );
    const { code, found } = await examined([plan], { env: { CUTOVER_LOCAL_URL: 'http://127.0.0.1:1' } });
    expect(code).toBe(1);
    expect(states(found)).toMatchObject({
      'local program': 'failed',
      'platform (local)': 'failed',
      'router (local)': 'failed',
      'metrics (scrape)': 'failed',
    });
    expect(found.get('secrets')).toMatchObject({
      state: 'warning',
      detail: 'the plan names CDN_KEY, SMOKE_X',
      fix: expect.stringContaining('CUTOVER_SMOKE_ENV=CDN_KEY'),
    });
    expect(found.get('scripts')).toMatchObject({ state: 'warning', detail: 'the plan runs purge' });
  });

  test('that names what is not built fails, and its endpoints are not asked', async () => {
    const plan = planFile(
      'not-built.yaml',
      `service: shop
version: "2.0.0"
platform: {ecs: {cluster: production, services: {blue: shop-blue, green: shop-green}}}
router: {haproxy: {socket: /run/haproxy.sock, backend: shop}}
metrics: {prometheus: {url: http://prometheus:9090}}
`,
    );
    const { found } = await examined([plan]);
    expect(found.get('plan')).toMatchObject({ state: 'failed', detail: expect.stringContaining('haproxy') });
    expect(found.get('endpoints')).toMatchObject({ state: 'skipped' });
  });

  test('that is invalid is usage', async () => {
    const result = await runCli(['doctor', planFile('bad.yaml', 'service: a\n')], { address: stage.address });
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('CUTOVER_PLAN_INVALID');
  });
});
