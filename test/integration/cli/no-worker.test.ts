import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli, startCli } from '../../support/cli.ts';
import { freePort } from '../../support/ports.ts';
import { createWorld } from '../../support/world/world.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

test('without a worker a start, a status and messages are answered by what the server records, and acted on later', async () => {
  const { address } = stage;
  const started = await runCli(['start', await stage.planFile('shop')], { address });
  expect(started.code).toBe(0);
  expect(started.stdout).toContain('started shop 2.0.0 → production');
  expect(started.stderr).toContain('no worker is answering');

  const status = await runCli(['status', 'shop', '--json'], { address });
  expect(status.code).toBe(0);
  expect(JSON.parse(status.stdout)).toMatchObject({
    version: '2.0.0',
    started_by: 'tester',
    phase: 'claim',
    phases: [],
    live: { answered: false, note: 'no worker is answering', execution: 'running' },
  });
  const shown = await runCli(['status', 'shop'], { address });
  expect(shown.stdout).toMatch(/no worker is answering\. What the server has recorded stays/);

  const rolled = await runCli(['rollback', 'shop', '--request-id', 'late-1', '--reason', 'wrong version'], { address });
  expect(rolled).toMatchObject({ code: 0, stderr: '' });
  expect(rolled.stdout).toBe('recorded; no worker is answering. It is acted on when one runs (request late-1)\n');

  const watching = startCli(['watch', 'shop', '--until', 'closed'], { address, limitMs: 60_000 });
  await watching.waitFor(/no worker is answering/);
  Object.assign(stage.world, createWorld());
  await stage.startWorker();
  const ended = await watching.result;
  expect(ended.stdout).toMatch(/answering again/);
  expect(ended.stdout).toMatch(/rollback by tester \(wrong version\)/);

  const after = JSON.parse((await runCli(['status', 'shop', '--json'], { address })).stdout);
  const honoured = after.messages.filter((message: { request_id: string }) => message.request_id === 'late-1');
  expect(honoured).toHaveLength(1);
  expect(stage.world.writes).toEqual([]);

  const tooLate = await runCli(['rollback', 'shop'], { address });
  expect(tooLate.code).toBe(2);
  expect(tooLate.stderr).toMatch(/CUTOVER_MESSAGE_REFUSED production\/shop has ended/);

  await stage.stopWorker();
  const closed = JSON.parse((await runCli(['status', 'shop', '--json'], { address })).stdout);
  expect(closed).toMatchObject({
    phase: 'closed',
    outcome: after.outcome,
    reason: after.reason,
    live: { answered: false, execution: 'completed' },
  });
});

test('Ctrl-C ends the watching, not the deployment', async () => {
  const { address } = stage;
  await runCli(['start', await stage.planFile('cart')], { address });
  const watching = startCli(['watch', 'cart'], { address });
  await watching.waitFor(/production\/cart/);
  watching.kill('SIGINT');
  const ended = await watching.result;
  expect(ended.code).toBe(130);
  expect(ended.stderr).toContain('The deployment goes on. Follow it again: cutover watch production/cart');
  const status = JSON.parse((await runCli(['status', 'cart', '--json'], { address })).stdout);
  expect(status.live.execution).toBe('running');
});

test('a Temporal that is not there is exit code 6, for every command that needs it', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const commands = [
    ['status', 'shop'],
    ['rollback', 'shop'],
    ['list'],
    ['watch', 'shop'],
    ['start', await stage.planFile('none')],
  ];
  const results = await Promise.all(commands.map((args) => runCli(args, { address })));
  for (const result of results) {
    expect(result.code).toBe(6);
    expect(result.stderr).toContain(`CUTOVER_TEMPORAL_UNREACHABLE Temporal does not answer at ${address}.`);
    expect(result.stderr).not.toContain('    at ');
  }
});
