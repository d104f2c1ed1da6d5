import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli, startCli } from '../../support/cli.ts';
import { createWorld } from '../../support/world/world.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  await stage.startWorker();
});
afterAll(() => stage?.close());

/** Each deployment finds v1 on blue, as the first one did. */
function reset(): void {
  Object.assign(stage.world, createWorld());
}

test('a deployment is started, watched, approved, shortened, released and listed', async () => {
  reset();
  const { address } = stage;
  const plan = await stage.planFile('shop');
  const watching = startCli(['start', plan, '--watch', '--until', 'closed', '--by', 'dana'], {
    address,
    limitMs: 60_000,
  });
  await watching.waitFor(
    /approval: waiting for 1 of ana@example\.com until .*: cutover approve production\/shop --by ana@example\.com/,
  );

  const stranger = await runCli(['approve', 'shop', '--by', 'eve'], { address });
  expect(stranger).toMatchObject({ code: 2, stdout: '' });
  expect(stranger.stderr).toContain('CUTOVER_MESSAGE_REFUSED eve is not an approver: ana@example.com');

  const again = await runCli(['start', plan, '--json'], { address });
  expect(again.code).toBe(2);
  const error = JSON.parse(again.stderr) as { code: string; message: string; details: Record<string, unknown> };
  expect(error.code).toBe('CUTOVER_ALREADY_RUNNING');
  expect(error.message).toMatch(
    /production\/shop is being deployed: 2\.0\.0 by dana, .* ago, now in approval\. See it: cutover status production\/shop/,
  );

  const approved = await runCli(['approve', 'production/shop', '--by', 'ana@example.com', '--reason', 'looks good'], {
    address,
  });
  expect(approved).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^approved by ana@example\.com: going on\nbound to sha256:[0-9a-f]{64}\n$/),
  });

  await watching.waitFor(/observation: running at 100 %/);
  const live = JSON.parse((await runCli(['status', 'shop', '--json'], { address })).stdout);
  expect(live).toMatchObject({
    phase: 'observation',
    weights: { blue: 0, green: 100 },
    live: { answered: true, execution: 'running' },
  });
  expect(live.live.evidence.criteria[0]).toMatchObject({ source: 'error_rate > 1', kind: 'trigger', value: 0.25 });

  const shortened = await runCli(['extend', 'shop', '-55s', '--json'], { address });
  expect(shortened.code).toBe(0);
  expect(JSON.parse(shortened.stdout)).toMatchObject({
    delivery: 'answered',
    receipt: { accepted: true, phase: 'observation' },
  });

  await watching.waitFor(/blue is kept for .*: cutover rollback production\/shop/);
  const released = await runCli(['release', 'cutover/production/shop'], { address });
  expect(released).toMatchObject({ code: 0, stdout: 'the lease ends: the old colour will be removed\n' });

  const ended = await watching.result;
  expect(ended.code).toBe(0);
  expect(ended.stdout).toMatch(/succeeded: 2\.0\.0 has all traffic/);
  expect(ended.stdout).toMatch(/approve by ana@example\.com \(looks good\): approved by ana@example\.com: going on/);

  await expect
    .poll(async () => JSON.parse((await runCli(['list', '--service', 'shop', '--json'], { address })).stdout), {
      timeout: 10_000,
    })
    .toMatchObject([
      {
        service: 'shop',
        environment: 'production',
        version: '2.0.0',
        started_by: 'dana',
        phase: 'closed',
        outcome: 'succeeded',
      },
    ]);
  const table = await runCli(['list', '--service', 'shop'], { address });
  expect(table.stdout).toMatch(/shop\s+production\s+2\.0\.0\s+closed\s+succeeded\s+.*production\/shop/);
  expect(stage.world.violations).toEqual([]);
});

test('a rollback is accepted at once, answered when the traffic is back, and known by its request id', async () => {
  reset();
  const { address } = stage;
  expect((await runCli(['start', await stage.planFile('cart')], { address })).code).toBe(0);
  const watching = startCli(['watch', 'cart'], { address, limitMs: 60_000 });
  await watching.waitFor(/approval: waiting/);
  const paused = await runCli(['pause', 'cart', '--request-id', 'r-1'], { address });
  expect(paused).toMatchObject({ code: 0, stdout: expect.stringMatching(/^paused: /) });
  // Steps of one CI job may share an id: this is another request, for the server's own memory of updates, too.
  const rolled = await runCli(['rollback', 'cart', '--request-id', 'r-1', '--reason', 'errors'], { address });
  expect(rolled.code).toBe(0);
  expect(rolled.stdout).toMatch(/^accepted\nall traffic is on blue, \d+ ms after the request\n$/);
  const twice = await runCli(['rollback', 'cart', '--request-id', 'r-1', '--json'], { address });
  expect(JSON.parse(twice.stdout)).toMatchObject({
    delivery: 'answered',
    request_id: 'r-1',
    receipt: { accepted: true },
  });
  const { messages } = JSON.parse((await runCli(['status', 'cart', '--json'], { address })).stdout);
  expect(messages).toMatchObject([
    { name: 'pause', via: 'update', request_id: 'r-1' },
    { name: 'rollback', via: 'update', request_id: 'r-1', reason: 'errors' },
  ]);
  expect((await watching.result).code).toBe(3);
  expect((await watching.result).stdout).toMatch(
    /rollback from approval by tester \(rolled back by tester: errors\): traffic back after \d+ ms/,
  );
  await runCli(['release', 'cart'], { address });
});

test('a rejection ends the watching with exit code 4, an automatic rollback with 3', async () => {
  reset();
  const { address } = stage;
  const rejecting = startCli(['start', await stage.planFile('fees'), '--watch', '--json'], {
    address,
    limitMs: 60_000,
  });
  await expect
    .poll(async () => JSON.parse((await runCli(['status', 'fees', '--json'], { address })).stdout || '{}').phase, {
      timeout: 20_000,
    })
    .toBe('approval');
  await runCli(['reject', 'fees', '--by', 'ana@example.com'], { address });
  const rejected = await rejecting.result;
  expect(rejected.code).toBe(4);
  expect(JSON.parse(rejected.stdout)).toMatchObject({ outcome: 'rejected' });
  await runCli(['release', 'fees'], { address });

  reset();
  stage.script.breached = ({ stage: phase }) => (phase === 'performance_validation' ? 'error_rate > 1' : null);
  const slow = await runCli(['start', await stage.planFile('ads'), '--watch'], { address, limitMs: 60_000 });
  stage.script.breached = () => null;
  expect(slow.code).toBe(3);
  expect(slow.stdout).toMatch(/performance validation: failed/);
});

test('what is not there is told with a code and a hint', async () => {
  const { address } = stage;
  const missing = await runCli(['status', 'nothing', '--json'], { address });
  expect(missing.code).toBe(2);
  expect(JSON.parse(missing.stderr)).toMatchObject({
    code: 'CUTOVER_NOT_FOUND',
    hint: expect.stringContaining('cutover list'),
  });
  const message = await runCli(['rollback', 'nothing'], { address });
  expect(message).toMatchObject({ code: 2, stdout: '' });
  expect(message.stderr).toContain('CUTOVER_NOT_FOUND There is no deployment production/nothing.');
  const namespace = await runCli(['list'], { address, env: { TEMPORAL_NAMESPACE: 'absent' } });
  expect(namespace.code).toBe(6);
  expect(namespace.stderr).toContain('no namespace `absent`');
});
