/** What reasonable people do when a deployment asks for them. */
import type { Weights } from '../../../src/plan/types.ts';
import type { DeploymentStatus } from '../../../src/workflows/api.ts';
import type { ModelWorld } from './model-world.ts';
import { APPROVER } from './plan-of.ts';
import type { ModelServer } from './server.ts';

/** Called from time to time, once nothing fails any more: each call answers one question. */
export function answerAsPeople(server: ModelServer, world: ModelWorld, status: DeploymentStatus | null): void {
  if (status === null) return;
  const say = (name: string, payload: object = {}) => server.signal(name, [{ by: APPROVER, ...payload }]);
  const diverted = divertedFrom(world, status);
  if (status.paused !== null) say('resume');
  else if (status.rollback?.state === 'stuck' || status.rollback?.state === 'repairing')
    say('rollback', { force: true });
  else if (status.phase === 'approval') say('approve');
  // Whoever diverted the traffic takes it back.
  else if (status.phase === 'clean_up' && diverted !== null) world.write(diverted, null);
  else if (status.hooks.at(-1)?.state === 'failed') say('promote');
  else if (status.phase === 'lease' || status.phase === 'keep_failed') say('release');
}

/** The old colour is not removed while somebody else has put traffic on it. Null: nobody has; else what stood before. */
function divertedFrom({ base }: ModelWorld, { colours, weights }: DeploymentStatus): Weights | null {
  return colours !== null && base.router.weights[colours.active] > 0 ? weights : null;
}
