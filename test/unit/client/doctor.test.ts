import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { failed, ok, skipped, some, warning } from '../../../src/client/doctor/check.ts';
import { judgeAccess } from '../../../src/client/doctor/kubernetes.ts';
import { checkNode, checkTemporalCli } from '../../../src/client/doctor/machine.ts';
import { type OpenRun, pinnedTo, waitingTask, watchersOf } from '../../../src/client/doctor/open-run.ts';
import { checkNeeds, needsOf } from '../../../src/client/doctor/plan.ts';
import { judgePollers, type Poller } from '../../../src/client/doctor/pollers.ts';
import { renderChecks } from '../../../src/client/doctor/render.ts';
import { judgeApprovals, judgeOrphans, judgeTasks, judgeWatchers } from '../../../src/client/doctor/runs.ts';
import {
  checkNamespace,
  checkPermissions,
  checkSearchAttributes,
  checkServer,
} from '../../../src/client/doctor/server.ts';
import { colorsFor } from '../../../src/client/render/canvas.ts';
import type { Session } from '../../../src/client/session.ts';
import { testPlan } from '../../support/plans.ts';
import { NOW_MS } from './status.ts';

function run(changes: Partial<OpenRun> = {}): OpenRun {
  return {
    workflow_id: 'cutover/production/shop',
    run_id: 'run-1',
    pinned_to: null,
    task_waits_since_ms: null,
    task_attempt: 0,
    watchers: [],
    approval: null,
    ...changes,
  };
}

const stamp = (ms: number) => ({ seconds: Math.floor(ms / 1_000) as never, nanos: 0 });

describe('this machine', () => {
  it.each([
    ['v20.19.0', 'ok'],
    ['v24.0.1', 'ok'],
    ['v20.18.3', 'failed'],
    ['v18.20.0', 'failed'],
  ])('with Node %s is %s', (version, state) => {
    expect(checkNode(version).state).toBe(state);
  });

  it('without a Temporal CLI is warned, and nothing is downloaded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cutover-no-cli-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    vi.stubEnv('PATH', folder);
    vi.stubEnv('CUTOVER_TEMPORAL_CLI', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await checkTemporalCli(folder)).toMatchObject({ state: 'warning', detail: 'not found' });
  });
});

describe('a task queue', () => {
  const poller = (changes: Partial<Poller> = {}): Poller => ({
    identity: '7@host',
    last_poll_ms: NOW_MS - 3_000,
    build: null,
    ...changes,
  });

  it('that nobody polls fails', () => {
    expect(judgePollers('cutover', [], NOW_MS)).toMatchObject({ state: 'failed', detail: 'nobody polls it' });
  });

  it('that was polled over a minute ago fails, and says by whom', () => {
    expect(judgePollers('cutover', [poller({ last_poll_ms: NOW_MS - 120_000 })], NOW_MS)).toMatchObject({
      state: 'failed',
      detail: 'nobody polls it: 7@host did 2m ago',
    });
  });

  it('names who polls it, with which build', () => {
    const build = { deployment: 'cutover', build_id: '1.4.0' };
    expect(judgePollers('cutover', [poller({ build })], NOW_MS).detail).toBe('polled by 7@host (1.4.0), last 3s ago');
    expect(judgePollers('cutover', [poller(), poller({ identity: '8@host' })], NOW_MS).detail).toBe(
      '2 pollers: 7@host, 8@host, last 3s ago',
    );
  });
});

describe('an open run', () => {
  const pinned_to = { deployment: 'cutover', build_id: '1.3.0' };
  const poller = (build_id: string): Poller => ({
    identity: '7@host',
    last_poll_ms: NOW_MS,
    build: { deployment: 'cutover', build_id },
  });

  it('that is pinned to a build without a poller fails, with the command that moves it', () => {
    const check = judgeOrphans([run({ pinned_to })], [poller('1.4.0')], NOW_MS);
    expect(check).toMatchObject({
      state: 'failed',
      detail: 'their build has no poller: production/shop (build 1.3.0)',
    });
    expect(check.fix).toContain('--workflow-id cutover/production/shop --versioning-override-behavior auto_upgrade');
  });

  it('that is pinned to a build with a poller is well, also when pollers cannot be read', () => {
    expect(judgeOrphans([run({ pinned_to })], [poller('1.3.0')], NOW_MS).state).toBe('ok');
    expect(judgeOrphans([run({ pinned_to })], null, NOW_MS).state).toBe('ok');
  });

  it('whose workflow task waits for long fails', () => {
    expect(judgeOrphans([run({ task_waits_since_ms: NOW_MS - 9_000 })], [], NOW_MS).state).toBe('ok');
    expect(judgeOrphans([run({ task_waits_since_ms: NOW_MS - 11_000 })], [], NOW_MS)).toMatchObject({
      state: 'failed',
      detail: 'their workflow task waits: production/shop (11s)',
    });
  });

  it('whose workflow task fails again and again fails', () => {
    expect(judgeTasks([run({ task_attempt: 3 })]).state).toBe('ok');
    expect(judgeTasks([run({ task_attempt: 4 })])).toMatchObject({
      state: 'failed',
      detail: 'production/shop (attempt 4)',
    });
  });

  it.each([
    [true, 29_000, 'ok'],
    [true, 31_000, 'failed'],
    [false, 9_000, 'ok'],
    [false, 11_000, 'failed'],
  ])('whose watcher is running (%s), last heard of %i ms ago, is %s', (is_running, agoMs, state) => {
    expect(judgeWatchers([run({ watchers: [{ is_running, seen_ms: NOW_MS - agoMs }] })], NOW_MS).state).toBe(state);
  });

  it('that waits longest for approval is told, and is a warning from an hour on', () => {
    const approval = (agoMs: number, is_exact = true) => ({
      since_ms: NOW_MS - agoMs,
      waits_for: '1 of ana',
      is_exact,
    });
    expect(judgeApprovals([run()], NOW_MS)).toMatchObject({ state: 'ok', detail: 'none' });
    const two = [run({ approval: approval(60_000) }), run({ workflow_id: 'cutover/a/b', approval: approval(120_000) })];
    expect(judgeApprovals(two, NOW_MS)).toMatchObject({ state: 'ok', detail: 'a/b has waited 2m for 1 of ana' });
    expect(judgeApprovals([run({ approval: approval(7_200_000, false) })], NOW_MS)).toMatchObject({
      state: 'warning',
      detail: 'production/shop has waited at most 2h for 1 of ana',
    });
  });
});

describe('what the server says of a run', () => {
  const deploymentVersion = { deploymentName: 'cutover', buildId: '1.3.0' };
  const info = (versioningInfo: object) => ({ workflowExecutionInfo: { versioningInfo } }) as never;

  it.each([
    ['an unversioned one', {}, null],
    ['one that follows the current build', { behavior: 2, deploymentVersion }, null],
    ['a pinned one', { behavior: 1, deploymentVersion }, { deployment: 'cutover', build_id: '1.3.0' }],
    [
      'one that was pinned by hand',
      { behavior: 2, versioningOverride: { pinned: { version: { deploymentName: 'x', buildId: 'y' } } } },
      { deployment: 'x', build_id: 'y' },
    ],
    [
      'one that was released by hand',
      { behavior: 1, deploymentVersion, versioningOverride: { autoUpgrade: true } },
      null,
    ],
  ])('%s', (_, versioning, expected) => {
    expect(pinnedTo(info(versioning))).toEqual(expected);
  });

  it('tells since when a workflow task waits, unless a worker has it', () => {
    const originalScheduledTime = stamp(NOW_MS);
    expect(waitingTask({ pendingWorkflowTask: { state: 1, originalScheduledTime } as never })).toBe(NOW_MS);
    expect(waitingTask({ pendingWorkflowTask: { state: 1, scheduledTime: originalScheduledTime } as never })).toBe(
      NOW_MS,
    );
    expect(waitingTask({ pendingWorkflowTask: { state: 2, originalScheduledTime } as never })).toBeNull();
    expect(waitingTask({})).toBeNull();
  });

  it('tells which watchers run', () => {
    const watcher = { activityType: { name: 'watchWindow' } };
    const pendingActivities = [
      { ...watcher, state: 2, lastHeartbeatTime: stamp(NOW_MS), lastStartedTime: stamp(NOW_MS - 5_000) },
      { ...watcher, state: 1, scheduledTime: stamp(NOW_MS - 9_000) },
      { activityType: { name: 'notify' }, state: 1, scheduledTime: stamp(NOW_MS) },
    ];
    expect(watchersOf({ pendingActivities } as never)).toEqual([
      { is_running: true, seen_ms: NOW_MS },
      { is_running: false, seen_ms: NOW_MS - 9_000 },
    ]);
    expect(watchersOf({})).toEqual([]);
  });
});

/** Every call of the server fails with the gRPC status. */
function refusing(code: number, details: string): Session {
  const fail = () => Promise.reject(Object.assign(new Error(details), { code, details, metadata: {} }));
  const workflowService = new Proxy({}, { get: () => fail });
  const connection = { workflowService, withDeadline: (_: number, call: () => Promise<unknown>) => call() };
  return { connection, namespace: 'prod', address: 'a:1' } as never;
}

describe('a server that refuses this client', () => {
  const session = refusing(7, 'Request unauthorized.');

  it('is told by the permission that is missing', async () => {
    const checks = [await checkNamespace(session), ...(await checkPermissions(session))];
    expect(checks.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed', 'failed']);
    expect(checks.at(-1)?.fix).toContain('permission to write: start, signal and update workflows');
  });

  it('does not tell its search attributes', async () => {
    expect(await checkSearchAttributes(session)).toMatchObject({ state: 'warning' });
    expect(await checkServer(session, true)).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('a:1, TLS'),
    });
  });

  it('that merely does not answer is not known', async () => {
    const [first] = await checkPermissions(refusing(14, 'unavailable'));
    expect(first).toMatchObject({ state: 'warning', detail: 'not known: unavailable' });
  });
});

describe('a plan', () => {
  const script = { kind: 'script' as const, command: ['purge', '--all'], env: { KEY: { env: 'CDN_KEY' } } };
  const hook = { name: 'purge', call: script, timeout_ms: 1, attempts: 1, on_failure: 'continue' as const };
  const hooks = { before_switch: [], after_switch: [hook], on_rollback: [hook], before_cleanup: [] };

  it('that needs nothing of its workers is not mentioned', () => {
    expect(checkNeeds(testPlan())).toEqual([]);
  });

  it('tells what it asks of them, each once', () => {
    expect(needsOf(testPlan({ hooks }))).toEqual({ secrets: ['CDN_KEY'], scripts: ['purge'] });
    expect(checkNeeds(testPlan({ hooks })).map(({ name, fix }) => [name, fix])).toEqual([
      ['secrets', 'Every worker needs them in its environment, with CUTOVER_SMOKE_ENV=CDN_KEY.'],
      ['scripts', 'Start every worker with --scripts DIRECTORY, and have these programs in it.'],
    ]);
  });

  it('whose secrets every worker gives needs no list of them', () => {
    const secret = { env: 'SMOKE_KEY' };
    const plan = testPlan({ notifiers: [{ kind: 'webhook', url: 'https://a.example', secret, events: 'all' }] });
    expect(checkNeeds(plan)[0]?.fix).toBe('Every worker needs them in its environment.');
  });
});

describe('an account of a cluster', () => {
  const rule = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch'] };
  const refused = {
    ...{ context: null, namespace: 'shop', group: 'apps', resource: 'deployments', verb: 'patch' as const },
    ...{ name: 'checkout-blue', otherwise: null, account: 'ana', rule },
  };

  it('that may do everything is one line', () => {
    expect(judgeAccess({ accounts: ['ana', 'ben'], requests: 9, refused: [] })).toEqual([
      ok('permissions (kubernetes)', 'all 9 that are needed, as ana and ben'),
    ]);
  });

  it('is told each verb that it lacks, and what a deployment can do without', () => {
    const log = { ...refused, resource: 'pods/log', verb: 'get' as const, otherwise: 'no log' };
    const checks = judgeAccess({ accounts: ['ana'], requests: 9, refused: [refused, log] });
    expect(checks.map(({ name, state, detail }) => [name, state, detail])).toEqual([
      ['may patch deployments', 'failed', 'ana may not, in shop'],
      ['may get pods/log', 'warning', 'ana may not, in shop: no log'],
    ]);
    expect(checks[0]?.fix).toContain(JSON.stringify(rule));
  });
});

describe('the table', () => {
  it('shows what to do below what was found, and counts', () => {
    const checks = [
      ok('a', 'fine'),
      warning('long name', 'odd', 'do this'),
      failed('b', 'bad', 'do that'),
      skipped('c', 'later'),
    ];
    expect(renderChecks(checks, colorsFor(false, false)).split('\n')).toEqual([
      ' ✔ a          fine',
      ' ! long name  odd',
      '              → do this',
      ' ✖ b          bad',
      '              → do that',
      ' – c          later',
      '',
      ' 1 ok, 1 warning, 1 failed',
    ]);
  });

  it('names some of many', () => {
    expect(some(['a', 'b'])).toBe('a, b');
    expect(some(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
  });
});
