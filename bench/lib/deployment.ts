/** Deployments as the figures need them: switched quickly, and undone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeploymentHandle, ValidatedPlan } from '../../src/client/cutover-client.ts';
import type { Colour } from '../../src/plan/types.ts';
import { until } from './clock.ts';
import type { Context } from './context.ts';
import { SERVICE } from './plans.ts';

/** Blue serves all along; every candidate comes to green. */
export const OLD: Colour = 'blue';
export const CANDIDATE: Colour = 'green';

/** Returns as soon as the router sends all traffic to the candidate. */
export async function startSwitched(context: Context, plan: ValidatedPlan): Promise<DeploymentHandle> {
  const handle = await context.client.start(plan, { startedBy: 'bench' });
  await untilAllOn(context, CANDIDATE, handle);
  return handle;
}

/** As `startSwitched`, but `settleMs` into the decision window, with its watcher at work. */
export async function startWatched(context: Context, plan: ValidatedPlan, settleMs: number): Promise<DeploymentHandle> {
  const handle = await startSwitched(context, plan);
  await until(async () => (await handle.status()).phase === 'decision_window', 'the decision window');
  await sleep(settleMs);
  return handle;
}

/** Until the router says so; throws what the deployment says when it does not get there. */
export async function untilAllOn(context: Context, colour: Colour, handle: DeploymentHandle): Promise<void> {
  const isThere = async () => (await context.local.router(SERVICE)).weights[colour] === 100;
  await until(isThere, `all traffic on ${colour}`, { limitMs: 30_000 }).catch(async (error: unknown) => {
    const { phase, outcome, reason } = await handle.status();
    throw new Error(`${String(error)}; the deployment is in ${phase}, ${outcome ?? 'no outcome'}: ${reason ?? ''}`);
  });
}

/** Waits for the run's end; throws unless it was rolled back. */
export async function untilRolledBack(handle: DeploymentHandle): Promise<void> {
  const { outcome, reason } = await handle.result();
  if (outcome !== 'rolled_back') throw new Error(`${handle.version} was to be rolled back, but ${outcome}: ${reason}`);
}
