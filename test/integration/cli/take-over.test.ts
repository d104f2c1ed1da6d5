import { afterAll, beforeAll, expect, test } from 'vitest';
import { CutoverClient } from '../../../src/client/cutover-client.ts';
import { runCli, startCli } from '../../support/cli.ts';
import { createWorld } from '../../support/world/world.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let client: CutoverClient;
beforeAll(async () => {
  stage = await openStage();
  await stage.startWorker();
  client = await CutoverClient.connect({ address: stage.address, namespace: 'default' });
});
afterAll(async () => {
  await client?.close();
  await stage?.close();
});

async function start(service: string, version: string, ...more: string[]) {
  const sets = ['--set', `version=${version}`, '--set', 'observation.duration=1s'];
  return runCli(['start', await stage.planFile(service), ...sets, ...more], { address: stage.address });
}

async function untilPhase(service: string, phase: string): Promise<void> {
  await expect.poll(async () => (await client.status(service)).phase, { timeout: 30_000 }).toBe(phase);
}

async function approve(service: string): Promise<void> {
  await untilPhase(service, 'approval');
  await client.approve(service, { by: 'ana@example.com' });
}

test('a lease is taken over by the next start, and by nothing else', { timeout: 120_000 }, async () => {
  Object.assign(stage.world, createWorld());
  const { address } = stage;
  const first = JSON.parse((await start('shop', '2.0.0', '--json')).stdout);
  expect(first.took_over).toBeNull();
  const result = client.result('shop');
  await untilPhase('shop', 'approval');
  const refused = await start('shop', '3.0.0');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(
    /CUTOVER_ALREADY_RUNNING production\/shop is being deployed: 2\.0\.0 .* now in approval/,
  );
  await approve('shop');
  await untilPhase('shop', 'lease');

  const watching = startCli(['watch', 'shop', '--until', 'closed'], { address, limitMs: 60_000 });
  await watching.waitFor(/blue is kept/);
  await expect
    .poll(() => client.list({ service: 'shop', running: true }), { timeout: 10_000 })
    .toMatchObject([{ version: '2.0.0', phase: 'lease', started_by: 'tester', execution: 'running' }]);
  const [leased] = await client.list({ service: 'shop', running: true });
  expect(Date.parse(leased?.started_at ?? '')).toBeLessThan(
    Date.parse((await client.status('shop')).lease?.ends_at ?? '') - 600_000,
  );
  const ready = JSON.parse((await start('shop', '3.0.0', '--dry-run', '--json')).stdout);
  expect(ready).toMatchObject({ ready: true, would_take_over: { version: '2.0.0' } });

  const taken = await start('shop', '3.0.0', '--request-id', 'next-1');
  expect(taken).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^took over from 2\.0\.0's lease\nstarted shop 3\.0\.0/),
  });
  const again = JSON.parse((await start('shop', '3.0.0', '--request-id', 'next-1', '--json')).stdout);
  const now = await client.status('shop');
  expect(now).toMatchObject({ version: '3.0.0', started_by: 'tester', run_id: again.run_id });
  expect(now.run_id).not.toBe(first.run_id);
  expect(again.took_over).toBeNull();

  // Neither the watching nor the waiting goes on into the next deployment.
  expect(await watching.result).toMatchObject({ code: 0 });
  expect(await result).toMatchObject({ outcome: 'succeeded', version: '2.0.0' });

  await expect
    .poll(async () => (await client.list({ service: 'shop' })).map(({ version, execution }) => [version, execution]), {
      timeout: 10_000,
    })
    .toEqual([
      ['3.0.0', 'running'],
      ['2.0.0', 'taken_over'],
    ]);
  const all = await runCli(['history', 'shop', '--all', '--utc'], { address });
  expect(all.stdout).toMatch(/UTC +3\.0\.0 +tester .*\n.* UTC +2\.0\.0 +tester +closed +succeeded .* UTC/);
  const old = await client.history('shop', { runId: first.run_id });
  expect(old.entries.at(-1)).toMatchObject({ kind: 'end', text: 'ended: the next deployment took over' });
  expect(old.entries[0]).toMatchObject({ kind: 'start', text: 'shop 2.0.0 started' });
  await client.rollback('shop');
});

test('a failed candidate that is only kept is said to be freed by release', { timeout: 90_000 }, async () => {
  Object.assign(stage.world, createWorld());
  await start('cart', '2.0.0');
  await untilPhase('cart', 'approval');
  await client.rollback('cart');
  await untilPhase('cart', 'keep_failed');
  const refused = await start('cart', '3.0.0');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(
    'It only keeps the failed candidate; `cutover release production/cart` frees it now.',
  );
  const { ready, checks } = JSON.parse((await start('cart', '3.0.0', '--dry-run', '--json')).stdout);
  expect(ready).toBe(false);
  expect(checks.find(({ name }: { name: string }) => name === 'service')).toMatchObject({ ok: false });
  await client.release('cart');
});

test('a lease that is paused, or that nobody answers for, is not taken over, and says what would help', {
  timeout: 120_000,
}, async () => {
  Object.assign(stage.world, createWorld());
  await start('fees', '2.0.0');
  await approve('fees');
  await untilPhase('fees', 'lease');
  await client.pause('fees', { by: 'ben' });
  const paused = await start('fees', '3.0.0');
  expect(paused).toMatchObject({ code: 2, stdout: '' });
  expect(paused.stderr).toContain('It is paused by ben: cutover resume production/fees, then start this again.');
  await client.resume('fees');
  await stage.stopWorker();
  const alone = await start('fees', '3.0.0');
  expect(alone).toMatchObject({ code: 2, stdout: '' });
  expect(alone.stderr).toContain('no worker is answering: start one (cutover worker)');
  const dry = await start('fees', '3.0.0', '--dry-run');
  expect(dry.code).toBe(2);
  expect(dry.stdout).toMatch(/✖ service/);
  await stage.startWorker();
});
