/** Tasks as instances of a colour. */
import type { ContainerDefinition, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import type { InstanceState } from '../../types.ts';

/** `port` null: the first one that `container` maps. */
export function instanceOf(
  task: Task,
  definition: TaskDefinition,
  container: ContainerDefinition,
  port: number | null,
): InstanceState {
  const reason = reasonOf(task, definition);
  const host = addressOf(task);
  const chosen = port ?? container.portMappings?.[0]?.containerPort;
  return {
    id: taskId(task),
    url: host === null || chosen === undefined ? null : `http://${host}:${chosen}`,
    ready: reason === null,
    reason,
  };
}

export function taskId({ taskArn = '' }: Task): string {
  return taskArn.slice(taskArn.lastIndexOf('/') + 1);
}

/** Null: ready. Without a health check in its task definition, a task that runs has none to wait for. */
function reasonOf({ lastStatus, healthStatus }: Task, definition: TaskDefinition): string | null {
  if (lastStatus !== 'RUNNING') return `the task is ${lastStatus}`;
  if (healthStatus === 'HEALTHY') return null;
  if (healthStatus === 'UNHEALTHY') return 'its container health check fails';
  const isChecked = definition.containerDefinitions?.some(({ healthCheck }) => healthCheck !== undefined) === true;
  return isChecked ? 'its container health check has not passed yet' : null;
}

/** Of its own network interface; null in other network modes than awsvpc, where a task has none. */
function addressOf({ attachments = [] }: Task): string | null {
  const own = attachments.find(({ type, status }) => type === 'ElasticNetworkInterface' && status !== 'DELETED');
  const detail = (name: string) => own?.details?.find((one) => one.name === name)?.value;
  const v6 = detail('privateIPv6Address');
  return detail('privateIPv4Address') ?? (v6 === undefined ? null : `[${v6}]`);
}
