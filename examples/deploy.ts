/**
 * A deployment from a script: start it, approve it when it asks, follow it, tell how it ended.
 *
 *     node dist/examples/deploy.js examples/local.yaml --set version=1.1.0 --approver ana@example.com
 *
 * Temporal is found by TEMPORAL_ADDRESS and so on, as the command line does.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { CutoverClient, type DeploymentHandle, isSettled } from '../src/client/cutover-client.ts';
import { CutoverError } from '../src/errors.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: 'string', multiple: true, default: [] },
    /** In whose name the script approves; without it somebody else must. */
    approver: { type: 'string' },
  },
});

/** A script may judge for itself before it approves: here, that everything measured so far holds. */
async function approveWhenGood(deployment: DeploymentHandle, approver: string): Promise<void> {
  const { phases } = await deployment.status();
  const readings = phases.flatMap((phase) => phase.evidence?.criteria ?? []);
  const bad = readings.filter((reading) => reading.state === 'breached');
  if (bad.length > 0) {
    await deployment.reject({ by: approver, reason: bad.map((reading) => reading.source).join(', ') });
    return;
  }
  const answer = await deployment.approve({ by: approver, reason: `${readings.length} criteria hold` });
  console.log(answer.delivery === 'answered' ? answer.receipt.message : answer.delivery);
}

async function deploy(client: CutoverClient): Promise<number> {
  const sources = await Promise.all(positionals.map(async (name) => ({ name, text: await readFile(name, 'utf8') })));
  const deployment = await client.start(client.validate(sources, values.set));
  console.log(`started ${deployment.workflow_id}${deployment.url === null ? '' : `: ${deployment.url}`}`);

  let phase = '';
  for await (const status of deployment.watch()) {
    if (status.phase !== phase) {
      console.log(status.phase);
      if (status.phase === 'approval' && values.approver !== undefined)
        await approveWhenGood(deployment, values.approver);
    }
    phase = status.phase;
    if (!isSettled(status)) continue;
    console.log(`${status.outcome ?? status.phase}: ${status.reason ?? ''}`);
    return status.outcome === 'succeeded' ? 0 : 1;
  }
  return 1;
}

const client = await CutoverClient.connect();
try {
  process.exitCode = await deploy(client);
} catch (error) {
  if (!(error instanceof CutoverError)) throw error;
  console.error(`${error.code} ${error.message}\n${error.hint}`);
  process.exitCode = 2;
} finally {
  await client.close();
}
