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

function reset(): void {
  Object.assign(stage.world, createWorld());
}

async function status(service: string) {
  return JSON.parse((await runCli(['status', service, '--json'], { address: stage.address })).stdout);
}

test('a deployment is approved by digest, paused, resumed, promoted, and told of afterwards', async () => {
  reset();
  const { address } = stage;
  const watching = startCli(['start', await stage.planFile('shop'), '--watch', '--by', 'dana'], {
    address,
    limitMs: 60_000,
  });
  await watching.waitFor(/approval: waiting/);

  const early = await runCli(['promote', 'shop'], { address });
  expect(early).toMatchObject({ code: 2, stdout: '' });
  expect(early.stderr).toContain('CUTOVER_MESSAGE_REFUSED promote is no approval: send approve');

  const asked = ['approve', 'shop', '--by', 'ana@example.com'];
  const nonsense = await runCli([...asked, '--digest', 'yes'], { address });
  expect(nonsense.stderr).toContain('CUTOVER_USAGE `yes` is no digest');
  const other = await runCli([...asked, '--digest', 'sha256:00000000'], { address });
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('CUTOVER_MESSAGE_REFUSED sha256:00000000 is not what waits for approval');
  const { digest } = (await status('shop')).approval;
  const shown = await runCli(['status', 'shop'], { address });
  expect(shown.stdout).toContain(`--by ana@example.com --digest ${digest.slice(7, 19)}`);
  const approved = await runCli([...asked, '--digest', digest.slice(7, 19)], { address });
  expect(approved).toMatchObject({ code: 0, stdout: 'approved by ana@example.com: going on\n' });

  await watching.waitFor(/observation: running at 100 %/);
  const live = JSON.parse((await runCli(['status', 'shop', '--live', '--json'], { address })).stdout);
  expect(live.live.evidence.criteria[0]).toMatchObject({ source: 'error_rate > 1' });
  expect(live.readings.evidence_age_ms).toBeLessThan(5_000);
  expect((await runCli(['status', 'shop', '--live'], { address })).stdout).toMatch(/judged \S+ before\n/);

  const paused = await runCli(['pause', 'shop', '--reason', 'lunch', '--request-id', 'p-1'], { address });
  expect(paused).toMatchObject({ code: 0, stdout: expect.stringMatching(/^paused: /) });
  const again = await runCli(['pause', 'shop', '--request-id', 'p-1', '--json'], { address });
  expect(JSON.parse(again.stdout)).toMatchObject({ request_id: 'p-1', receipt: { accepted: true } });
  const held = await runCli(['status', 'shop'], { address, env: { TZ: 'Asia/Tokyo' } });
  expect(held.stdout).toMatch(/Paused since \d\d:\d\d:\d\d GMT\+9 by tester \(lunch\); its window has \d+s left/);
  expect((await runCli(['promote', 'shop'], { address })).stderr).toContain('it is paused: resume it first');
  expect(await runCli(['resume', 'shop'], { address })).toMatchObject({ code: 0, stdout: 'going on\n' });
  expect((await runCli(['promote', 'shop', '--reason', 'it is fine'], { address })).code).toBe(0);
  expect(await watching.result).toMatchObject({ code: 0 });
  expect((await watching.result).stdout).toMatch(/succeeded: /);
  expect(stage.world.violations).toEqual([]);

  const told = await runCli(['history', 'shop', '--utc'], { address });
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toContain('Times in UTC.');
  for (const line of [
    /shop 2\.0\.0 started · dana/,
    /▶ health check/,
    /traffic: blue 0 %, green 100 %/,
    /✉ pause \(lunch\): paused/,
  ])
    expect(told.stdout).toMatch(line);
  expect(told.stdout).toMatch(/performance validation: passed\n +✔ p99_latency < baseline \+ 10ms .* observed/);
});

test('an approval without a digest tells what it was bound to', async () => {
  reset();
  const { address } = stage;
  await runCli(['start', await stage.planFile('cart')], { address });
  await expect.poll(async () => (await status('cart')).phase, { timeout: 20_000 }).toBe('approval');
  const { digest } = (await status('cart')).approval;
  const approved = await runCli(['approve', 'cart', '--by', 'ana@example.com'], { address });
  expect(approved.stdout).toBe(`approved by ana@example.com: going on\nbound to ${digest}\n`);
  expect((await runCli(['rollback', 'cart'], { address })).code).toBe(0);
  await runCli(['release', 'cart'], { address });

  await expect.poll(async () => (await status('cart')).live.execution, { timeout: 20_000 }).toBe('completed');
  await stage.stopWorker();
  const told = await runCli(['history', 'cart', '--json'], { address });
  expect(told.code).toBe(0);
  const { entries, complete, status: known } = JSON.parse(told.stdout);
  expect({ complete, answered: known.live.answered }).toEqual({ complete: true, answered: false });
  expect(entries).toContainEqual(
    expect.objectContaining({ kind: 'message', by: 'ana@example.com', message: { name: 'approve', via: 'update' } }),
  );
  expect(entries).toContainEqual(expect.objectContaining({ kind: 'outcome', text: 'rolled back' }));
  expect(entries.filter(({ evidence }: { evidence: unknown }) => evidence !== null).length).toBeGreaterThan(0);
  await stage.startWorker();
});
