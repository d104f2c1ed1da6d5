/** Why a service has fewer tasks than it should, for people. */
import type { Service, Task } from '@aws-sdk/client-ecs';
import type { InstanceState } from '../../types.ts';
import { primaryOf } from './services.ts';
import { taskId } from './tasks.ts';

const TROUBLE = /unable|fail|unhealthy|error|insufficient/i;
const ROLLED_BACK = /rolling back/i;
/** ECS writes of a rollback before it makes the deployment that does it. */
const BEFORE_MS = 60_000;
const MAX_STOPPED = 2;
/** Tasks that were stopped because nobody needs them any more. */
const ORDERLY = new Set(['ServiceSchedulerInitiated', 'UserInitiated']);

/** `short`: fewer are ready than were asked for. Else only a rollback of ECS' own is told of. */
export function problemsOf(service: Service, short: boolean): InstanceState[] {
  if ((service.desiredCount ?? 0) === 0) return [];
  const failed = (service.deployments ?? [])
    .filter(({ rolloutState }) => rolloutState === 'FAILED')
    .map(({ id, rolloutStateReason }) => problem(`deployment/${id}`, `its rollout failed: ${rolloutStateReason}`));
  const sinceMs = (primaryOf(service)?.createdAt?.getTime() ?? 0) - BEFORE_MS;
  const isTold = short ? TROUBLE : ROLLED_BACK;
  const events = (service.events ?? []).filter(({ createdAt }) => (createdAt?.getTime() ?? 0) >= sinceMs);
  const event = events.find(({ message = '' }) => isTold.test(message) || ROLLED_BACK.test(message));
  return event === undefined ? failed : [...failed, problem(`service/${service.serviceName}`, event.message ?? '')];
}

/** The last ones that ended by themselves, of what the service's deployments were to run. */
export function lastStopped(service: Service, tasks: readonly Task[]): InstanceState[] {
  const definitions = new Set(service.deployments?.map(({ taskDefinition }) => taskDefinition));
  const failed = tasks.filter(
    ({ taskDefinitionArn, stopCode = '' }) => definitions.has(taskDefinitionArn) && !ORDERLY.has(stopCode),
  );
  const at = ({ stoppedAt, createdAt }: Task) => (stoppedAt ?? createdAt)?.getTime() ?? 0;
  return failed
    .sort((one, other) => at(other) - at(one))
    .slice(0, MAX_STOPPED)
    .map((task) => problem(`task/${taskId(task)}`, `stopped: ${stoppedReason(task)}`));
}

function stoppedReason({ stoppedReason: reason = 'for no reason that ECS gives', containers = [] }: Task): string {
  const ended = containers.filter((one) => one.reason !== undefined || (one.exitCode ?? 0) !== 0);
  const details = ended.map(({ name, exitCode, reason: why }) => {
    const parts = [exitCode === undefined ? null : `exit code ${exitCode}`, why ?? null];
    return `${name}: ${parts.filter((part) => part !== null).join(', ')}`;
  });
  return details.length === 0 ? reason : `${reason} (${details.join('; ')})`;
}

function problem(id: string, reason: string): InstanceState {
  return { id, url: null, ready: false, reason };
}
