/** What every log line of an activity carries beside the SDK's own fields, `workflowId` (the deployment) among them. */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** A watcher's lines name the phase that it watches; `guard` is the one between phases. */
export const activityLogFields: ActivityInterceptorsFactory = () => {
  let phase: string | null = null;
  return {
    inbound: {
      execute(input, next) {
        phase = stageOf(input.args[0]);
        return next(input);
      },
    },
    outbound: {
      getLogAttributes: (fields, next) => next(phase === null ? fields : { ...fields, phase }),
    },
  };
};

function stageOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null || !('stage' in input)) return null;
  return typeof input.stage === 'string' ? input.stage : null;
}
