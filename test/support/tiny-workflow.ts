import { proxyActivities } from '@temporalio/workflow';

interface TinyActivities {
  checkPlan(): Promise<string[]>;
  watchWindow(): Promise<void>;
}

const mutations = proxyActivities<TinyActivities>({ taskQueue: 'cutover', startToCloseTimeout: '10s' });
const watchers = proxyActivities<TinyActivities>({
  taskQueue: 'cutover-watch',
  startToCloseTimeout: '1h',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '100ms', backoffCoefficient: 1 },
});

/** One short mutation. */
export async function mutate(): Promise<string[]> {
  return mutations.checkPlan();
}

/** One watcher, which runs until the workflow is cancelled. */
export async function watch(): Promise<void> {
  await watchers.watchWindow();
}
