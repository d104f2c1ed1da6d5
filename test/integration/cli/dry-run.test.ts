import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../../support/cli.ts';
import { freePort } from '../../support/ports.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let plan: string;
beforeAll(async () => {
  stage = await openStage();
  plan = await stage.planFile('shop');
});
afterAll(() => stage?.close());

test('a dry run tells that nobody would do the work, and that everything is there once a worker runs', async () => {
  const { address } = stage;
  const alone = await runCli(['start', plan, '--dry-run'], { address });
  expect(alone).toMatchObject({ code: 2, stderr: '' });
  expect(alone.stdout).toMatch(
    /✖ workers +nobody has polled cutover \(workflow\), cutover \(activity\), cutover-watch/,
  );
  expect(alone.stdout).toMatch(/✔ search attributes/);
  expect(alone.stdout).toContain('A start would not go now.');

  await stage.startWorker();
  await expect
    .poll(async () => (await runCli(['start', plan, '--dry-run', '--json'], { address })).code, { timeout: 20_000 })
    .toBe(0);
  const ready = JSON.parse((await runCli(['start', plan, '--dry-run', '--json'], { address })).stdout);
  expect(ready).toMatchObject({ dry_run: true, ready: true, would_take_over: null, timeline: { service: 'shop' } });
  expect(ready.checks.map(({ ok }: { ok: boolean }) => ok)).toEqual([true, true, true, true]);
  const shown = await runCli(['start', plan, '--dry-run'], { address });
  expect(shown.stdout).toContain('traffic of the candidate: 1 % → 10 % → 100 %');
  expect(shown.stdout).toContain('A start would go now; nothing has been started.');
  expect(JSON.parse((await runCli(['list', '--json'], { address })).stdout)).toEqual([]);
});

test('a dry run refuses an invalid plan and what this version cannot run, before it asks Temporal', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const invalid = await runCli(['start', '-', '--dry-run'], { address, input: 'swich: {}' });
  expect(invalid.code).toBe(2);
  const unreachable = await runCli(['start', plan, '--dry-run'], { address });
  expect(unreachable.code).toBe(6);
  const namespace = await runCli(['start', plan, '--dry-run'], {
    address: stage.address,
    env: { TEMPORAL_NAMESPACE: 'absent' },
  });
  expect(namespace.code).toBe(6);
  expect(namespace.stderr).toContain('no namespace `absent`');
});
