/** What reasonable people do when a deployment asks for them. */
import type { DeploymentStatus } from '../../../src/workflows/api.ts';
import type { ModelWorld } from './model-world.ts';
import { APPROVER } from './plan-of.ts';
import type { ModelServer } from './server.ts';

/** Called from time to time, once nothing fails any more: each call answers one question. */
export function answerAsPeople(server: ModelServer, world: ModelWorld, status: DeploymentStatus | null): void {
  if (status === null) return;
  const say = (name: string, payload: object = {}) => server.signal(name, [{ by: APPROVER, ...payload }]);
  if (status.paused !== null) say('resume');
  else if (status.rollback?.state === 'stuck' || status.rollback?.state === 'repairing')
    say('rollback', { force: true });
  else if (status.phase === 'approval') say('approve');
  else if (status.phase === 'clean_up' && isDiverted(world, status)) world.write(status.weights, null);
  else if (status.hooks.at(-1)?.state === 'failed') say('promote');
  else if (status.phase === 'lease' || status.phase === 'keep_failed') say('release');
}

/** The old colour is not removed while somebody else has put traffic on it: whoever did so takes it back. */
function isDiverted(
  world: ModelWorld,
  status: DeploymentStatus,
): status is DeploymentStatus & { weights: NonNullable<DeploymentStatus['weights']> } {
  const { colours, weights } = status;
  return colours !== null && weights !== null && world.base.router.weights[colours.active] > 0;
}
