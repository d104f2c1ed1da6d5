import { afterAll, beforeAll, expect, test } from 'vitest';
import { CutoverClient, type LiveStatus } from '../../../src/client/cutover-client.ts';
import { runCli, startCli } from '../../support/cli.ts';
import type { DevServer } from '../../support/temporal.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let server: DevServer;
beforeAll(async () => {
  stage = await openStage({ persistent: true });
  server = stage.server;
  await stage.startWorker();
});
afterAll(async () => {
  await stage?.stopWorker();
  await server?.stop();
  await stage?.close();
});

test('watching goes on through a restart of Temporal and ends when it stays away', { timeout: 120_000 }, async () => {
  const { address } = stage;
  await runCli(['start', await stage.planFile('shop')], { address });
  const watching = startCli(['watch', 'shop'], { address, limitMs: 90_000 });
  await watching.waitFor(/approval: waiting/);
  server = await server.restart();
  expect((await runCli(['rollback', 'shop', '--reason', 'after the restart'], { address })).code).toBe(0);
  expect((await watching.result).code).toBe(3);
  expect((await watching.result).stdout).toContain('after the restart');

  const client = await CutoverClient.connect({ address, namespace: 'default' });
  try {
    const seen: LiveStatus[] = [];
    const following = async () => {
      for await (const status of client.watch('shop', { intervalMs: 100, patienceMs: 500 })) {
        seen.push(status);
        if (seen.length === 1) await server.stop();
      }
    };
    await expect(following()).rejects.toMatchObject({ code: 'CUTOVER_TEMPORAL_UNREACHABLE' });
    expect(seen.at(-1)?.live).toMatchObject({
      answered: false,
      note: expect.stringContaining('Temporal has not answered'),
    });
    expect(seen.at(-1)?.outcome).toBe('rolled_back');
  } finally {
    await client.close();
  }
});
