/** Targets of the two colours as the load balancer's own health checks see them. */
import type { TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Lane } from '../../aws/clients.ts';
import { recent } from '../../aws/recent.ts';
import type { AlbApi } from './api.ts';

export interface GroupHealth {
  /** In service: `initial`, `unused`, `draining` and `unavailable` are not. */
  healthy: TargetHealthDescription[];
  /** Of the others, state → how many. */
  others: ReadonlyMap<string, number>;
}

/** The API answers with all of them: it has no pages. */
export async function healthOf(api: AlbApi, group: string, lane: Lane, signal: AbortSignal): Promise<GroupHealth> {
  const targets = await api.targetHealth(group, lane, signal);
  const healthy = targets.filter((target) => stateOf(target) === 'healthy');
  const others = new Map<string, number>();
  for (const target of targets) {
    const state = stateOf(target);
    if (state !== 'healthy') others.set(state, (others.get(state) ?? 0) + 1);
  }
  return { healthy, others };
}

/** For people: `3 healthy, 1 initial, 1 draining`. */
export function describeHealth({ healthy, others }: GroupHealth): string {
  const counts = [...others].map(([state, count]) => `${count} ${state}`);
  return [`${healthy.length} healthy`, ...counts].join(', ');
}

/** Zones that the targets serve; `all`: every one, as with targets that are in no zone. */
export async function zonesOf(
  api: AlbApi,
  key: string,
  targets: readonly TargetHealthDescription[],
  signal: AbortSignal,
): Promise<ReadonlySet<string> | 'all'> {
  const told = targets.map(({ Target: target }) => target?.AvailabilityZone ?? null);
  const ids = targets.map(({ Target: target }) => target?.Id ?? '');
  const instances = ids.filter((id, index) => told[index] === null && id.startsWith('i-')).sort();
  const asked =
    instances.length === 0
      ? new Map<string, string>()
      : await recent(`${key} zones of ${instances.join()}`, Number.POSITIVE_INFINITY, signal, (limit) =>
          api.zonesOfInstances(instances, limit),
        );
  const zones = ids.map((id, index) => told[index] ?? asked.get(id) ?? 'all');
  return zones.includes('all') ? 'all' : new Set(zones);
}

function stateOf({ TargetHealth: health }: TargetHealthDescription): string {
  return health?.State ?? 'unknown';
}
