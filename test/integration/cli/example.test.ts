import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CutoverClient } from '../../../src/client/cutover-client.ts';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { builtPath } from '../../../src/package-root.ts';
import { openStage, type Stage } from './stage.ts';

const run = promisify(execFile);

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

test('the example script starts a deployment, approves it and tells how it ended', async () => {
  const args = [
    await stage.planFile('shop'),
    '--set',
    'observation.duration=2s',
    '--set',
    'lease.duration=1s',
    '--approver',
    'ana@example.com',
  ];
  const { stdout } = await run(process.execPath, [builtPath('examples/deploy.js'), ...args], {
    env: { ...process.env, TEMPORAL_ADDRESS: stage.address, TEMPORAL_NAMESPACE: 'default', CUTOVER_BY: 'script' },
    timeout: 50_000,
  });
  expect(stdout).toMatch(/^started cutover\/production\/shop/);
  expect(stdout).toContain('approved by ana@example.com: going on');
  expect(stdout).toMatch(/succeeded: 2\.0\.0 has all traffic/);
  // The script leaves it in its lease, whose end frees a colour of the world that the next test has, too.
  await expect(client.result('cutover/production/shop')).resolves.toMatchObject({ outcome: 'succeeded' });
});

test('a cancelled deployment has a result: it has rolled back', async () => {
  const plan = client.validate(
    [{ name: 'cart', text: await readFile(await stage.planFile('cart'), 'utf8') }],
    ['keep_failed=0s'],
  );
  const deployment = await client.start(plan, { startedBy: 'script' });
  for await (const { phase } of deployment.watch({ intervalMs: 200 })) if (phase === 'approval') break;
  const temporal = await ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI });
  await run(temporal, ['workflow', 'cancel', '--address', stage.address, '--workflow-id', deployment.workflow_id]);
  await expect(deployment.result()).resolves.toMatchObject({ outcome: 'rolled_back', version: '2.0.0' });
});
