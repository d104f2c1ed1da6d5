import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CutoverClient } from '../../../src/client/cutover-client.ts';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { runCli } from '../../support/cli.ts';
import { openStage, type Stage } from './stage.ts';

const run = promisify(execFile);
const text = readFileSync(new URL('../../../docs/messages.md', import.meta.url), 'utf8');

let stage: Stage;
let temporal: string;
let client: CutoverClient;
beforeAll(async () => {
  stage = await openStage();
  await stage.startWorker();
  temporal = await ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI });
  client = await CutoverClient.connect({ address: stage.address, namespace: 'default' });
});
afterAll(async () => {
  await client?.close();
  await stage?.close();
});

/** Runs the command of docs/messages.md that has `part` in it, through a shell, as a reader would. */
async function typed(part: string): Promise<string> {
  const commands = [...text.matchAll(/```sh\n(temporal .*)\n```/g)].map((match) => match[1] ?? '');
  const found = commands.filter((command) => command.includes(part));
  expect(found, part).toHaveLength(1);
  const command = (found[0] ?? '').replace(/^temporal /, `"${temporal}" `);
  const { stdout } = await run('sh', ['-c', command], {
    env: { ...process.env, TEMPORAL_ADDRESS: stage.address, TEMPORAL_NAMESPACE: 'default' },
    timeout: 20_000,
  });
  return stdout;
}

async function reaches(phase: string): Promise<void> {
  await expect
    .poll(async () => (await client.status('checkout')).phase, { timeout: 20_000, interval: 200 })
    .toBe(phase);
}

test('every command of docs/messages.md does what the page says', { timeout: 120_000 }, async () => {
  const plan = await stage.planFile('checkout');
  expect((await runCli(['start', plan], { address: stage.address })).code).toBe(0);
  await reaches('approval');
  expect(await typed('query')).toContain('"approval"');
  expect(
    await typed(
      `update execute --workflow-id cutover/production/checkout --name approve --input '{"by":"ana@example.com","reason"`,
    ),
  ).toContain('approved by ana@example.com');
  await reaches('observation');
  expect(await typed('--name extend_observation')).toContain('the observation now ends at');
  expect((await runCli(['extend', 'checkout', '-31m', '--json'], { address: stage.address })).code).toBe(2);
  expect((await runCli(['extend', 'checkout', '-30m55s'], { address: stage.address })).code).toBe(0);
  await reaches('lease');
  expect(await typed('update execute --workflow-id cutover/production/checkout --name rollback')).toContain(
    'all traffic is on',
  );
  await reaches('keep_failed');
  expect(await typed('--name release')).toContain('will be removed');
  await expect(client.result('checkout')).resolves.toMatchObject({ outcome: 'rolled_back' });

  await runCli(['start', plan], { address: stage.address });
  await reaches('approval');
  expect(await typed('--name reject')).toContain('rejected');
  await reaches('keep_failed');
  await client.release('checkout');
  await expect(client.result('checkout')).resolves.toMatchObject({ outcome: 'rejected' });

  await runCli(['start', plan], { address: stage.address });
  await reaches('approval');
  await typed('signal --workflow-id cutover/production/checkout --name approve');
  await reaches('observation');
  await typed('signal --workflow-id cutover/production/checkout --name rollback');
  await reaches('keep_failed');
  await typed('workflow cancel');
  await expect(client.result('checkout')).resolves.toMatchObject({ outcome: 'rolled_back' });
});
