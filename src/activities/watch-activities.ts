/** The long-running and read-only activities, on the task queue `cutover-watch`. */
import { Context } from '@temporalio/activity';
import type { Adapters } from '../adapters/registry.ts';
import type { Cdn } from '../adapters/types.ts';
import { measureBaseline } from './baseline.ts';
import type { ScriptSettings } from './call-script.ts';
import { systemClock } from './clock.ts';
import { withFailures } from './failure.ts';
import { runHook } from './hook.ts';
import { notify } from './notify.ts';
import type { Polling } from './polling.ts';
import { moveScheduledWork } from './scheduled-work.ts';
import { runSmoke } from './smoke.ts';
import type { WatchActivities } from './types.ts';
import { awaitConverged, awaitDrained, awaitReady, proveNoTraffic, watchKept } from './waits.ts';
import { watchWindow } from './watch.ts';
import type { WatchObserver } from './watch-observer.ts';

export interface WatchDependencies extends Pick<ScriptSettings, 'secrets'> {
  adapters: Adapters;
  /** The directory that scripts of a plan must lie in; absent or null: this worker runs none. */
  scripts?: string | null | undefined;
  /** Where hooks of a plan invalidate; absent: this worker invalidates nothing. */
  cdn?: Cdn | undefined;
  /** Told of every watcher's ticks. */
  observer?: WatchObserver | undefined;
}

export function createWatchActivities(dependencies: WatchDependencies): WatchActivities {
  const { adapters, secrets, observer, scripts = null, cdn = null } = dependencies;
  return withFailures<WatchActivities>({
    async watchWindow(input) {
      const context = Context.current();
      return watchWindow(input, {
        platform: adapters.platform(input.target),
        provider: adapters.metrics(input.target),
        router: adapters.router(input.target),
        calls: { scripts, secrets },
        clock: systemClock,
        signal: context.cancellationSignal,
        heartbeat: (details) => context.heartbeat(details),
        earlier: context.info.heartbeatDetails,
        isReplaced: () => context.cancellationDetails?.cancelRequested === true,
        observer,
      });
    },
    measureBaseline: (input) => measureBaseline(adapters, polling(), input),
    runSmoke: (input) => runSmoke({ adapters, secrets, id: callId() }, polling(), input),
    runHook: (input) => runHook({ scripts, secrets, cdn }, polling(), input),
    moveScheduledWork: (input) => moveScheduledWork(adapters, polling(), input),
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
