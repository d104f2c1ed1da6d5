/** What a long observation costs in history: whole deployments, from claim to clean-up, observed for four hours. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CutoverClient, type DeploymentHandle, type ValidatedPlan } from '../../src/client/cutover-client.ts';
import { packageRoot } from '../../src/package-root.ts';
import { until } from '../lib/clock.ts';
import type { Context } from '../lib/context.ts';
import type { Figure, Measured } from '../lib/figure.ts';
import { countEvents } from '../lib/history.ts';
import { startLoad } from '../lib/load.ts';
import { ACTIVE_VERSION, APP_COMMAND, REPLICAS } from '../lib/plans.ts';
import { startTimeSkipping, type TimeSkipping } from '../lib/time-skipping.ts';

const SERVICE = 'bench-4h';
const APPROVER = 'ana@example.com';
const PER_SECOND = 100;
const VIRTUAL_STEP_MS = 10_000;

/** Over examples/linkedin.yaml: what makes it run here. */
const HERE = {
  service: SERVICE,
  environment: 'bench',
  version: '2.0.0',
  platform: 'local',
  metrics: { scrape: { queries: { business_metric: 'per_request orders_total' } }, window: '2s' },
};
/** What else a plan can ask for on the way. */
const EVERYTHING = {
  smoke: { health: { path: '/health', required_fields: ['status', 'version'] } },
  approval: { approvers: [APPROVER] },
  switch: { strategy: 'gradual', steps: [25, 50, 100], step_duration: '5m' },
};

export const events4h: Figure = {
  name: 'events_4h',
  title: 'events in the history of examples/linkedin.yaml, observed for 4 h',
  unit: 'events',
  goal: [{ stat: 'events', below: 150 }],
  limitMs: 180_000,
  run,
};

async function run(context: Context): Promise<Measured> {
  const { progress } = context;
  progress('starting the time-skipping server …');
  const skipping = await startTimeSkipping(context.localUrl, progress);
  const count = (observed: string, more: object = {}) => {
    progress(`a deployment observed for ${observed} …`);
    return countDeployment(context, skipping, { ...HERE, ...more, observation: { duration: observed } });
  };
  try {
    const events = await count('4h');
    const short = await count('1m');
    const with_everything = await count('4h', EVERYTHING);
    return {
      report: events,
      stats: { events, with_everything },
      floor: { events: short },
      floor_is: 'the same observed for one minute; with_everything: with smoke suite, approval and gradual switch too',
      details: { plan: 'examples/linkedin.yaml', with_everything },
    };
  } finally {
    await skipping.stop();
  }
}

async function countDeployment(context: Context, skipping: TimeSkipping, plan: object): Promise<number> {
  const { environment } = skipping;
  const load = startLoad(await openService(context));
  load.setRate(PER_SECOND);
  const client = await CutoverClient.connect({ address: environment.address, namespace: 'default' });
  try {
    const handle = await client.start(await validated(plan), { startedBy: 'bench' });
    if ('approval' in plan) await approve(handle, environment);
    const run = environment.client.workflow.getHandle(handle.workflow_id, handle.run_id);
    const { outcome, reason } = (await run.result()) as { outcome: string; reason: string };
    if (outcome !== 'succeeded') throw new Error(`the deployment was to succeed, but ${outcome}: ${reason}`);
    return countEvents((await run.fetchHistory()).events ?? []);
  } finally {
    await client.close();
    await load.stop();
    await context.local.remove(SERVICE, true);
  }
}

/** All traffic on blue, ready. Returns the public address. */
async function openService({ local }: Context): Promise<string> {
  await local.define(SERVICE, { command: APP_COMMAND, drain_timeout_ms: 5_000 });
  await local.deploy(SERVICE, 'blue', { version: ACTIVE_VERSION, replicas: REPLICAS });
  await until(async () => (await local.service(SERVICE)).colours.blue.ready === REPLICAS, 'the service');
  return (await local.service(SERVICE)).public_url;
}

async function validated(plan: object): Promise<ValidatedPlan> {
  const path = join(packageRoot(), 'examples', 'linkedin.yaml');
  const text = await readFile(path, 'utf8');
  return CutoverClient.validate([
    { name: path, text },
    { name: 'bench', text: JSON.stringify(plan) },
  ]);
}

async function approve(handle: DeploymentHandle, environment: TimeSkipping['environment']): Promise<void> {
  const isOpen = async () => {
    // Virtual time passes only while somebody waits for it.
    await environment.sleep(VIRTUAL_STEP_MS);
    return (await handle.status()).phase === 'approval';
  };
  await until(isOpen, 'the approval phase', { pauseMs: 0 });
  await handle.approve({ by: APPROVER });
}
