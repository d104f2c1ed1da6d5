/** The long-running and read-only activities, on the task queue `cutover-watch`. */
import { Context } from '@temporalio/activity';
import type { Adapters } from '../adapters/registry.ts';
import { measureBaseline } from './baseline.ts';
import { systemClock } from './clock.ts';
import { withFailures } from './failure.ts';
import { notify } from './notify.ts';
import type { Polling } from './polling.ts';
import { runSmoke } from './smoke.ts';
import type { WatchActivities } from './types.ts';
import { awaitConverged, awaitDrained, awaitReady, proveNoTraffic, watchKept } from './waits.ts';
import { watchWindow } from './watch.ts';

export interface WatchDependencies {
  adapters: Adapters;
  /** What `{env: NAME}` in a plan stands for; undefined: this worker gives no such value away. */
  secrets(name: string): string | undefined;
}

export function createWatchActivities({ adapters, secrets }: WatchDependencies): WatchActivities {
  return withFailures<WatchActivities>({
    async watchWindow(input) {
      const context = Context.current();
      return watchWindow(input, {
        platform: adapters.platform(input.target),
        provider: adapters.metrics(input.target),
        clock: systemClock,
        signal: context.cancellationSignal,
        heartbeat: (details) => context.heartbeat(details),
        earlier: context.info.heartbeatDetails,
        isReplaced: () => context.cancellationDetails?.cancelRequested === true,
      });
    },
    measureBaseline: (input) => measureBaseline(adapters, polling(), input),
    runSmoke: (input) => runSmoke({ adapters, secrets, id: callId() }, polling(), input),
    awaitReady: (input) => awaitReady(adapters, polling(), input),
    awaitConverged: (input) => awaitConverged(adapters, polling(), input),
    awaitDrained: (input) => awaitDrained(adapters, polling(), input),
    proveNoTraffic: (input) => proveNoTraffic(adapters, polling(), input),
    watchKept: (input) => watchKept(adapters, polling(), input),
    notify: (event, target) => notify(adapters, event, target, Context.current().cancellationSignal),
  });
}

function polling(): Polling {
  const context = Context.current();
  return { clock: systemClock, signal: context.cancellationSignal, heartbeat: (details) => context.heartbeat(details) };
}

/** The same for every attempt at one call. */
function callId(): string {
  const { workflowExecution, activityId } = Context.current().info;
  return `${workflowExecution?.runId ?? ''}/${activityId}`;
}
