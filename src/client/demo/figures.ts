/** What clients and router saw of one deployment. Pure. */
import type { Colour } from '../../plan/types.ts';
import type { DeploymentStatus } from '../../workflows/api.ts';
import { type ClientRequest, isFailed } from './load.ts';
import type { RouterWrite } from './router-writes.ts';

export interface Observed {
  status: DeploymentStatus;
  /** From its start to the next deployment's start, epoch ms; what fails in between is on its account. */
  fromMs: number;
  toMs: number;
  requests: readonly ClientRequest[];
  writes: readonly RouterWrite[];
}

export interface Figures {
  /** Percent of the traffic before the switch began: the higher one of the router's weight and what clients saw. */
  maxShareBeforeSwitch: number;
  maxShareEver: number;
  /** Requests that the candidate answered, with whatever status. */
  served: number;
  /** Requests that clients saw fail, whoever failed them. */
  failed: number;
  /** The candidate's first bad answer → the rollback was requested; null: no bad answer, or no rollback. */
  detectMs: number | null;
  /** The rollback was requested → the last request that the candidate answered was sent; null: no rollback. */
  rollbackMs: number | null;
}

const WINDOW_MS = 1_000;
const STRIDE_MS = 100;

export function figuresOf({ status, fromMs, toMs, requests, writes }: Observed): Figures {
  const mine = requests.filter(({ startedMs }) => startedMs >= fromMs && startedMs < toMs);
  const served = requests.filter(({ version }) => version === status.version);
  const switchedAt = status.phases.find(({ name }) => name === 'switch')?.started_at ?? null;
  const switchMs = switchedAt === null ? toMs : Date.parse(switchedAt);
  const candidate = status.colours?.candidate ?? null;
  const shareUntil = (endMs: number) =>
    Math.max(
      weightedShare(writes, candidate, fromMs, endMs),
      certainShare(requests, status.version, fromMs, Math.min(endMs, toMs)),
    );
  return {
    maxShareBeforeSwitch: shareUntil(switchMs),
    maxShareEver: shareUntil(toMs),
    served: served.length,
    failed: mine.filter(isFailed).length,
    ...rollbackFigures(status, served),
  };
}

function rollbackFigures(
  status: DeploymentStatus,
  served: readonly ClientRequest[],
): Pick<Figures, 'detectMs' | 'rollbackMs'> {
  if (status.rollback === null) return { detectMs: null, rollbackMs: null };
  const requestedMs = Date.parse(status.rollback.requested_at);
  const firstBadMs = earliest(served.filter(isFailed).map(({ endedMs }) => endedMs));
  const lastSentMs = served.reduce((last, { startedMs }) => Math.max(last, startedMs), requestedMs);
  return {
    detectMs: firstBadMs === null ? null : Math.max(0, requestedMs - firstBadMs),
    rollbackMs: lastSentMs - requestedMs,
  };
}

/** The candidate's highest weight among the router's writes of that time. */
function weightedShare(
  writes: readonly RouterWrite[],
  candidate: Colour | null,
  fromMs: number,
  endMs: number,
): number {
  if (candidate === null) return 0;
  const weights = writes.filter(({ atMs }) => atMs >= fromMs && atMs < endMs).map((write) => write.weights[candidate]);
  return Math.max(0, ...weights);
}

/**
 * The highest share of one version in any second, as clients can prove it: of all requests that the router may have
 * sent somewhere within that second, those that it certainly sent to the version, less one for the rounding of a
 * share to whole requests. In tenths of a percent. So a burst on a busy machine is no higher share, and a higher
 * weight of the router is one.
 */
function certainShare(requests: readonly ClientRequest[], version: string, fromMs: number, endMs: number): number {
  let highest = 0;
  for (let startMs = fromMs; startMs + WINDOW_MS <= endMs; startMs += STRIDE_MS) {
    const stopMs = startMs + WINDOW_MS;
    let possible = 0;
    let certain = 0;
    for (const request of requests) {
      if (request.endedMs < startMs || request.startedMs > stopMs) continue;
      possible += 1;
      if (request.version === version && request.startedMs >= startMs && request.endedMs <= stopMs) certain += 1;
    }
    if (certain > 1) highest = Math.max(highest, (certain - 1) / possible);
  }
  return Math.round(1_000 * highest) / 10;
}

function earliest(times: readonly number[]): number | null {
  return times.length === 0 ? null : times.reduce((first, time) => Math.min(first, time));
}
