/** How far a write to a zone has come: through Route 53, to its name servers, and out of the resolvers' memories. */
import { DNS_PROPAGATION_MS } from '../../../plan/adapters.ts';
import { formatDuration } from '../../../plan/duration.ts';
import type { Stored } from './fence-text.ts';
import { addressesOf, type NameServer, serversBehind } from './name-servers.ts';
import type { Route53Api } from './zone-api.ts';
import { fenceTextOf, type ZoneState } from './zone-state.ts';

export interface NameServerOptions {
  /** `ADDRESS:PORT`; null: those that the zone names; empty: none is asked. */
  nameServers: readonly string[] | null;
  /** Where the zone's own listen; absent: 53. */
  port?: number;
}

/** What this process knows of one write to one zone. A successor begins without, and learns it from the name servers. */
interface Progress {
  changeId: string | null;
  isInSync: boolean;
  askedAtMs: number;
  /** It was seen that not everything followed yet. */
  wasBehind: boolean;
  probedAtMs: number;
  behind: string[];
  /** When everything was seen to follow; null: not yet. */
  syncedAtMs: number | null;
}

/** Route 53 allows five requests a second, for everybody who uses the account. */
const ASK_EVERY_MS = 2_000;
const PROBE_EVERY_MS = 1_000;
const SERVERS_KNOWN_MS = 300_000;
const MAX_KEPT = 1_000;

const kept = new Map<string, Progress>();
const servers = new Map<string, { atMs: number; list: Promise<NameServer[]> }>();

/** The state that a write left, and the ID of its change. */
export function noteChange(zone: ZoneState, changeId: string): void {
  progressOf(zone).changeId = changeId;
}

/**
 * What is still waited for; null: nothing. In this order: the change is INSYNC (as far as this process knows its ID), every
 * name server answers with it, and the time to live of earlier answers has passed since. That time is counted from when all
 * servers were seen to follow. A process that finds them so at its first look counts from then too, or from a minute
 * after the write, whichever was earlier: it does not wait anew for what has passed.
 */
export async function waitingFor(
  api: Route53Api,
  zone: ZoneState,
  options: NameServerOptions,
  signal: AbortSignal,
): Promise<string | null> {
  const { stored } = zone;
  if (stored === null) return null;
  const progress = progressOf(zone);
  if (progress.syncedAtMs === null) {
    const behind = [await pending(api, progress, signal), ...(await lagging(api, zone, progress, options, signal))];
    const waiting = behind.filter((why) => why !== null);
    if (waiting.length > 0) {
      progress.wasBehind = true;
      return waiting.join('; ');
    }
    progress.syncedAtMs = syncedAt(stored, progress);
  }
  const endsAtMs = stored.staleUntilMs + Math.max(0, progress.syncedAtMs - stored.atMs);
  const leftMs = endsAtMs - Date.now();
  if (leftMs <= 0) return null;
  const left = formatDuration(1_000 * Math.ceil(leftMs / 1_000));
  return `the name servers of ${zone.plan.zone} follow; resolvers may keep earlier answers for another ${left}`;
}

function syncedAt({ atMs }: Stored, { wasBehind, changeId }: Progress): number {
  const nowMs = Date.now();
  return wasBehind || changeId !== null ? nowMs : Math.min(nowMs, atMs + DNS_PROPAGATION_MS);
}

async function pending(api: Route53Api, progress: Progress, signal: AbortSignal): Promise<string | null> {
  const { changeId } = progress;
  if (changeId === null || progress.isInSync) return null;
  if (Date.now() - progress.askedAtMs >= ASK_EVERY_MS) {
    progress.askedAtMs = Date.now();
    const isInSync = await api.isInSync(changeId, signal);
    if (isInSync === null) progress.changeId = null;
    progress.isInSync = isInSync !== false;
  }
  return progress.isInSync ? null : `the change ${changeId.slice(changeId.lastIndexOf('/') + 1)} is PENDING`;
}

async function lagging(
  api: Route53Api,
  zone: ZoneState,
  progress: Progress,
  options: NameServerOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const list = await serversOf(api, zone.plan.zone, options, signal);
  if (list.length === 0) {
    // Nobody to ask: a change whose ID is lost is taken to have come through when it ordinarily has.
    const leftMs = (zone.stored?.atMs ?? 0) + DNS_PROPAGATION_MS - Date.now();
    const isKnown = progress.changeId !== null || leftMs <= 0;
    return isKnown ? [] : [`no name server of ${zone.plan.zone} can be asked; it has ${formatDuration(leftMs)} left`];
  }
  if (Date.now() - progress.probedAtMs >= PROBE_EVERY_MS) {
    progress.probedAtMs = Date.now();
    progress.behind = ['its name servers are being asked'];
    progress.behind = await serversBehind(zone, list, signal);
  }
  return progress.behind;
}

function serversOf(
  api: Route53Api,
  zone: string,
  { nameServers, port }: NameServerOptions,
  signal: AbortSignal,
): Promise<NameServer[]> {
  if (nameServers !== null) return Promise.resolve(nameServers.map((address) => ({ name: address, address })));
  const known = servers.get(zone);
  if (known !== undefined && Date.now() - known.atMs < SERVERS_KNOWN_MS) return known.list;
  const list = api.nameServers(zone, signal).then((names) => addressesOf(names, port));
  servers.set(zone, { atMs: Date.now(), list });
  // What could not be found is looked for again, though no oftener than the servers are asked.
  list.then(
    (found) => {
      const isWhole = found.every(({ address }) => address !== null);
      if (!isWhole) servers.set(zone, { atMs: Date.now() - SERVERS_KNOWN_MS + ASK_EVERY_MS, list });
    },
    () => servers.delete(zone),
  );
  return list;
}

function progressOf(zone: ZoneState): Progress {
  const key = `${zone.plan.zone} ${fenceTextOf(zone.fenceSet)}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const fresh: Progress = {
    changeId: null,
    isInSync: false,
    askedAtMs: 0,
    wasBehind: false,
    probedAtMs: 0,
    behind: [],
    syncedAtMs: null,
  };
  kept.set(key, fresh);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return fresh;
}
