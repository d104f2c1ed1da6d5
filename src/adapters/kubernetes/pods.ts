/** Pods, and why one is not ready. */
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

/** Ready, and not on its way out. */
export function isReady(pod: V1Pod): boolean {
  return pod.metadata?.deletionTimestamp === undefined && conditionOf(pod, 'Ready')?.status === 'True';
}

export function conditionOf(pod: V1Pod, type: string) {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

/** As kubectl would tell it, for people; null when it is ready. */
export function reasonOf(pod: V1Pod): string | null {
  if (isReady(pod)) return null;
  if (pod.metadata?.deletionTimestamp !== undefined) return 'terminating';
  const unscheduled = conditionOf(pod, 'PodScheduled');
  if (unscheduled?.status === 'False') return `${unscheduled.reason ?? 'Unschedulable'}: ${unscheduled.message ?? ''}`;
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const [waiting] = containers.flatMap(containerReason);
  if (waiting !== undefined) return waiting;
  if (pod.status?.reason !== undefined) return `${pod.status.reason}: ${pod.status.message ?? ''}`;
  const ready = conditionOf(pod, 'Ready');
  const unready = ready?.message ?? (pod.status?.phase === 'Running' ? 'not ready' : pod.status?.phase);
  return (unready ?? 'Pending').toLowerCase() === 'running' ? 'not ready' : (unready ?? 'Pending');
}

function containerReason({ name, state, lastState, restartCount }: V1ContainerStatus): string[] {
  const waiting = state?.waiting;
  if (waiting?.reason !== undefined && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing') {
    const last = lastState?.terminated;
    const ended =
      last === undefined ? '' : `, last exit code ${last.exitCode}${last.reason ? ` (${last.reason})` : ''}`;
    const restarts = restartCount > 0 ? `, ${restartCount} restarts` : '';
    const message = waiting.message === undefined ? '' : `: ${waiting.message}`;
    return [`${name}: ${waiting.reason}${message}${ended}${restarts}`];
  }
  const ended = state?.terminated;
  if (ended !== undefined && ended.exitCode !== 0) {
    return [`${name}: exit code ${ended.exitCode}${ended.reason ? ` (${ended.reason})` : ''}`];
  }
  return [];
}

/** The name of the container that crashes, whose last log lines tell why; null: none does. */
export function crashingContainer(pod: V1Pod): string | null {
  const crashing = pod.status?.containerStatuses?.find(({ state }) => state?.waiting?.reason === 'CrashLoopBackOff');
  return crashing?.name ?? null;
}
