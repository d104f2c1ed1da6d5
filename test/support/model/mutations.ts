/** The real mutation activities on the model, with what may befall an attempt. */
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { createMutationActivities } from '../../../src/activities/mutations.ts';
import type { MutationActivities } from '../../../src/activities/types.ts';
import type { Attempt } from './attempt.ts';
import type { ModelWorld } from './model-world.ts';
import type { MutationFault } from './scenario.ts';

export const MUTATIONS = [
  'findActive',
  'claimEpoch',
  'shiftTraffic',
  'deployVersion',
  'scaleColour',
  'removeColour',
] as const;

export function isMutation(type: string): type is keyof MutationActivities {
  return MUTATIONS.some((name) => name === type);
}

export async function playMutation(world: ModelWorld, attempt: Attempt, fault: MutationFault | null): Promise<void> {
  try {
    const answer = await befall(() => call(world, attempt, fault), attempt, fault);
    attempt.complete(answer);
  } catch (error) {
    attempt.fail(error);
  }
}

async function befall(done: () => Promise<unknown>, attempt: Attempt, fault: MutationFault | null): Promise<unknown> {
  switch (fault?.kind) {
    case 'fail':
      throw new Error('throttled');
    case 'refused':
      throw ApplicationFailure.nonRetryable('refused for good');
    case 'dead':
      attempt.die();
      return attempt.sleep(0);
    case 'lost':
      await done();
      throw new Error('the connection was reset');
    case 'twice':
      await done();
      return done();
    case 'late':
      await attempt.sleep(fault.ms);
      return done();
    case 'slow': {
      const answer = await done();
      await attempt.sleep(fault.ms);
      return answer;
    }
    default:
      return done();
  }
}

function call(world: ModelWorld, attempt: Attempt, fault: MutationFault | null): Promise<unknown> {
  const frozenMs = fault?.kind === 'frozen' ? fault.ms : 0;
  const activities = createMutationActivities({ adapters: world.adapters(attempt, frozenMs) });
  const activity = activities[attempt.type as keyof MutationActivities] as (input: unknown) => Promise<unknown>;
  return asyncLocalStorage.run(contextOf(attempt), () => activity(attempt.args[0]));
}

const neverCancelled = new AbortController().signal;

/** As much of a context as the mutations ask of it. */
function contextOf(attempt: Attempt): Context {
  const info = { activityType: attempt.type, attempt: attempt.number, startToCloseTimeoutMs: attempt.startToCloseMs };
  return { info, cancellationSignal: neverCancelled } as unknown as Context;
}
