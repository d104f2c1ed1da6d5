/** The guarded records of one hosted zone with the fence beside them: as they are, and as a write leaves them. */
import { createHash } from 'node:crypto';
import type { Change, ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { Colour, Weights } from '../../../plan/types.ts';
import type { Fence } from '../../types.ts';
import { quoted, type Stored, storedIn, textOf, unquoted } from './fence-text.ts';
import {
  type Group,
  groupsOf,
  plainName,
  type RecordPlan,
  setsOf,
  sharesOfGroup,
  ttlOf,
  withShares,
  withTtl,
} from './record-sets.ts';
import type { Lane, Route53Api } from './zone-api.ts';

export interface ZonePlan {
  zone: string;
  records: RecordPlan[];
  /** Name of the TXT record. */
  fenceName: string;
}

export interface ZoneState {
  plan: ZonePlan;
  groups: Group[];
  /** The TXT record as it stands; null: there is none. */
  fenceSet: ResourceRecordSet | null;
  stored: Stored | null;
  fingerprint: string;
}

export interface ZoneWrite {
  fence: Fence;
  before: Weights;
  /** Null: as they are. */
  weights: Weights | null;
  /** What a claim lowers longer times to live to; `restore`: puts back what a claim lowered; null: as they are. */
  ttl: number | 'restore' | null;
  nowMs: number;
}

/** How long what guards nobody's traffic may be kept by resolvers. */
const FENCE_TTL_SECONDS = 60;
const FINGERPRINT_LENGTH = 16;

/** Zones in the order of the plan, each with its records; the first holds the fence that counts. */
export function zonesOf(records: readonly RecordPlan[]): ZonePlan[] {
  const ids = [...new Set(records.map(({ zone }) => zone))];
  return ids.map((zone) => {
    const its = records.filter((one) => one.zone === zone);
    const [first] = its.map(({ record }) => plainName(record));
    return { zone, records: its, fenceName: `_cutover.${first?.replace(/^\*\./, '_any.')}` };
  });
}

export async function readZone(
  api: Route53Api,
  plan: ZonePlan,
  identifiers: Record<Colour, readonly string[]>,
  lane: Lane,
  signal: AbortSignal,
): Promise<ZoneState> {
  const names = [...new Set([...plan.records.map(({ record }) => plainName(record)), plan.fenceName])];
  const sets = await api.sets(plan.zone, names, lane, signal);
  const groups = plan.records.flatMap((record) => groupsOf(sets, record, identifiers));
  const fenceSet = sets.find(({ Name = '', Type }) => Type === 'TXT' && plainName(Name) === plan.fenceName) ?? null;
  const text = fenceTextOf(fenceSet);
  const stored = text === null ? null : storedIn(text, plan.fenceName);
  return { plan, groups, fenceSet, stored, fingerprint: fingerprintOf(groups) };
}

export function fenceTextOf(fenceSet: ResourceRecordSet | null): string | null {
  return fenceSet === null ? null : unquoted(fenceSet.ResourceRecords?.[0]?.Value ?? '');
}

/** Somebody has written to the guarded records since the fence was. */
export function isForeign({ stored, fingerprint }: ZoneState): boolean {
  return stored !== null && stored.seen !== fingerprint;
}

/** The zone after the write. `aliasTtl`: how long answers of an alias are kept, in seconds. */
export function afterWrite(zone: ZoneState, write: ZoneWrite, aliasTtl: number): ZoneState {
  const { fence, before, weights, nowMs } = write;
  const { groups: retimed, ttls } = retime(zone, write.ttl);
  const groups = weights === null ? retimed : retimed.map((group) => withShares(group, weights));
  const fingerprint = fingerprintOf(groups);
  const moves = fingerprint !== zone.fingerprint;
  const keptMs = 1_000 * Math.max(...zone.groups.map((group) => ttlOf(group) ?? aliasTtl));
  const earlierMs = zone.stored?.staleUntilMs ?? nowMs;
  const stored: Stored = {
    fence,
    before,
    // A claim takes what stands, a shift writes over what was expected; only restoring asks nobody.
    seen: write.ttl === 'restore' && isForeign(zone) ? (zone.stored?.seen ?? fingerprint) : fingerprint,
    atMs: nowMs,
    staleUntilMs: moves ? Math.max(earlierMs, nowMs + keptMs) : earlierMs,
    ttls,
  };
  const fenceSet: ResourceRecordSet = {
    Name: zone.plan.fenceName,
    Type: 'TXT',
    TTL: FENCE_TTL_SECONDS,
    ResourceRecords: [{ Value: quoted(textOf(stored)) }],
  };
  return { plan: zone.plan, groups, fenceSet, stored, fingerprint };
}

/** A time to live that was lowered once is remembered as it was at first, until it is restored. */
function retime({ groups, stored }: ZoneState, ttl: ZoneWrite['ttl']): { groups: Group[]; ttls: Stored['ttls'] } {
  const earlier = stored?.ttls ?? {};
  if (ttl === null) return { groups, ttls: earlier };
  if (ttl === 'restore') {
    const restored = groups.map((group) => {
      const was = earlier[group.key];
      return was === undefined || was < (ttlOf(group) ?? was) ? group : withTtl(group, was);
    });
    return { groups: restored, ttls: {} };
  }
  const ttls: Stored['ttls'] = {};
  const lowered = groups.map((group) => {
    const now = ttlOf(group);
    const was = Math.max(earlier[group.key] ?? 0, now ?? 0);
    if (now === null || was <= ttl) return group;
    ttls[group.key] = was;
    return now > ttl ? withTtl(group, ttl) : group;
  });
  return { groups: lowered, ttls };
}

/**
 * One batch that deletes exactly what was read and creates what is to be: the API refuses all of it when anything was
 * written in between, also to what the write leaves as it is.
 */
export function batchOf(from: ZoneState, to: ZoneState): Change[] {
  const all = ({ groups, fenceSet }: ZoneState) => [
    ...groups.flatMap(setsOf),
    ...(fenceSet === null ? [] : [fenceSet]),
  ];
  return [
    ...all(from).map((set) => ({ Action: 'DELETE' as const, ResourceRecordSet: set })),
    ...all(to).map((set) => ({ Action: 'CREATE' as const, ResourceRecordSet: set })),
  ];
}

export function sharesOfZone({ groups }: ZoneState): Weights[] {
  return groups.map(sharesOfGroup);
}

/** All that the record sets hold: whatever of it is changed decides where somebody's requests go. */
function fingerprintOf(groups: readonly Group[]): string {
  const sets = groups.flatMap(setsOf).map((set) => canonical({ ...set, Name: plainName(set.Name ?? '') }));
  return createHash('sha256').update(sets.sort().join('\n')).digest('hex').slice(0, FINGERPRINT_LENGTH);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{${entries
    .map(([key, part]) => `${key}:${canonical(part)}`)
    .sort()
    .join()}}`;
}
