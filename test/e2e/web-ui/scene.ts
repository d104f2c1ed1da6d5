/**
 * What a person on call may find in the Web UI: of the production services one waits for an approval, one is observed,
 * one was rolled back because its new version breaks; and one more deployment waits in staging.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { CutoverClient, type DeploymentHandle, type LiveStatus } from '../../../src/client/cutover-client.ts';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { type Load, startLoad } from '../../support/load.ts';
import { patiently } from '../../support/patiently.ts';

const APP = [process.execPath, fileURLToPath(new URL('../../../examples/app/server.mjs', import.meta.url))];
/** Soon after the switch, a quarter of what the broken version answers is an error. */
const FAULTS = { '4.0.0': { errors_after_requests: 100, error_percent: 25 } };
const REQUESTS_PER_SECOND = 25;
const APPROVAL = 'approval: {required: 1, approvers: [ana@example.com, ben@example.com], timeout: 1h}';
const LIMIT_MS = 120_000;

export interface Scene {
  uiUrl: string;
  waiting: DeploymentHandle;
  observed: DeploymentHandle;
  rolledBack: DeploymentHandle;
  inStaging: DeploymentHandle;
  stop(): Promise<void>;
}

export async function setScene(): Promise<Scene> {
  const cluster = await startCluster();
  const loads: Load[] = [];
  const services: string[] = [];

  async function stop(): Promise<void> {
    await Promise.all(loads.map((load) => load.stop()));
    await cluster.killWorkers();
    for (const service of services) await cluster.local.remove(service, true).catch(() => undefined);
    await cluster.stop();
  }

  async function deploy(service: string, version: string, more: string): Promise<DeploymentHandle> {
    services.push(service);
    loads.push(startLoad(await openService(cluster, service), REQUESTS_PER_SECOND));
    const plan = CutoverClient.validate([{ name: `${service}.yaml`, text: planText(service, version, more) }]);
    return cluster.client.start(plan, { startedBy: 'dora@example.com' });
  }

  try {
    await cluster.worker();
    // One after the other: what fails then leaves nothing behind that is still being started.
    const rolledBack = await deploy('search', '4.0.0', '');
    const observed = await deploy('checkout', '2.4.1', APPROVAL);
    const waiting = await deploy('payments', '3.1.0', APPROVAL);
    const inStaging = await deploy('reports', '1.2.0', `environment: staging\n${APPROVAL}`);
    await Promise.all([
      until(waiting, ({ phase }) => phase === 'approval'),
      until(inStaging, ({ phase }) => phase === 'approval'),
      until(rolledBack, ({ phase }) => phase === 'keep_failed'),
      until(observed, ({ phase }) => phase === 'approval').then(() =>
        observed.approve({ by: 'ben@example.com', reason: 'dashboards are fine' }),
      ),
    ]);
    await until(observed, ({ phase }) => phase === 'observation');
    return { uiUrl: cluster.server.uiUrl, waiting, observed, rolledBack, inStaging, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the address of version 1.0.0, which serves on blue. */
async function openService({ local }: Cluster, service: string): Promise<string> {
  await local.define(service, { command: APP, env: { FAULTS: JSON.stringify(FAULTS) } });
  await local.deploy(service, 'blue', { version: '1.0.0', replicas: 1 });
  await patiently(async () => (await local.service(service)).colours.blue.ready === 1, `${service} to be ready`);
  return (await local.service(service)).public_url;
}

export async function until(deployment: DeploymentHandle, fits: (status: LiveStatus) => boolean): Promise<LiveStatus> {
  let seen: LiveStatus | undefined;
  const look = async () => {
    seen = await deployment.status();
    return fits(seen);
  };
  await patiently(look, () => `${deployment.service}; it is in ${seen?.phase}: ${seen?.reason}`, LIMIT_MS);
  if (seen === undefined) throw new Error('no status was read');
  return seen;
}

function planText(service: string, version: string, more: string): string {
  return `
service: ${service}
version: "${version}"
platform: local
blue_green_switch:
  validation_phases:
    warmup: {duration: 3s, traffic_percentage: 0, success_criteria: [cache_preloaded]}
    performance_validation:
      duration: 4s
      traffic_percentage: 20
      success_criteria: ["http_success_rate > 99.5", "p99_latency < baseline + 250ms"]
    full_switch: {duration: 2s, rollback_triggers: ["error_rate > 5", "p99_latency > baseline + 2000ms"]}
metrics: {resolution: 500ms, window: 3s, min_observations: 5, settle: 500ms, coverage: 50%}
switch: {strategy: instant, drain: 5s}
observation: {duration: 4h}
keep_failed: 15m
${more}
`;
}
