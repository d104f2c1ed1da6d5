/** Invariants 1, 2, 3, 5 and 7: what may be written, and what it rests on. */

import type { ShiftInput } from '../../../../src/activities/types.ts';
import type { Fence } from '../../../../src/adapters/types.ts';
import { otherColour } from '../../../../src/plan/weights.ts';
import type { Checker } from '../invariants.ts';
import type { ModelWorld } from '../model-world.ts';

export function safetyChecks(world: ModelWorld): Checker[] {
  return [capacity(), neverUnderTraffic(world), claimFirst(), risingFences(), stepsHandedOutOnce()];
}

/** Invariants 1 and 5: the capacity that was read in the same attempt covers the share, or the table allows to go. */
function capacity(): Checker {
  let forced = false;
  return {
    seen({ turns }) {
      for (const { jobs } of turns) {
        for (const { signalWorkflow, doUpdate } of jobs) {
          const name = signalWorkflow?.signalName ?? doUpdate?.name;
          if (name === 'rollback' && textOf(signalWorkflow?.input ?? doUpdate?.input).includes('"force":true'))
            forced = true;
        }
      }
      return [];
    },
    written({ by, weights }, status) {
      if (by === null) return [];
      const { input, reads } = by;
      if (input.mode === 'force') {
        const blind = status?.attention.some((line) => line.startsWith('Both colours are unhealthy')) === true;
        const direct =
          status?.reason?.includes('past Temporal') === true || status?.rollback?.by === 'rollback --direct';
        return forced || blind || direct ? [] : ['invariant 5: a rollback was forced, but nobody forced it'];
      }
      const gains = input.mode === 'forward' ? otherColour(input.old_colour) : input.old_colour;
      const read = reads[gains];
      if (read === undefined) return [`invariant 1: ${input.mode} write without a look at ${gains}`];
      if (read === null) {
        return input.mode === 'rollback' ? [] : [`invariant 1: forward write though ${gains} could not be read`];
      }
      if (covers(read.ready, weights[gains], input)) return [];
      return [`invariant 1: ${input.mode} write of ${weights[gains]} % to ${gains} with ${read.ready} ready`];
    },
  };
}

function textOf(payloads: { data?: Uint8Array | null }[] | null | undefined): string {
  return (payloads ?? []).map(({ data }) => Buffer.from(data ?? []).toString()).join();
}

function covers(ready: number, share: number, { full_size }: ShiftInput): boolean {
  return share === 0 || (ready > 0 && ready * 100 >= share * full_size);
}

/** Invariant 2. */
function neverUnderTraffic({ base }: ModelWorld): Checker {
  const broken = () =>
    base.violations.filter((line) => line.endsWith('under traffic')).map((line) => `invariant 2: ${line}`);
  return { seen: broken, end: broken };
}

/** Invariant 3: the claim, with what stood before it, is in history and beside the fence before the first write. */
function claimFirst(): Checker {
  const claimed = new Set<string>();
  const claims = new Map<string, string>();
  return {
    seen({ turns }) {
      const problems: string[] = [];
      for (const { runId, jobs, scheduled } of turns) {
        for (const { resolveActivity } of jobs) {
          const claim = claims.get(`${runId}/${resolveActivity?.seq}`);
          if (claim !== undefined && resolveActivity?.result?.completed != null) claimed.add(runId);
        }
        for (const { seq, type } of scheduled) {
          if (type === 'claimEpoch') claims.set(`${runId}/${seq}`, runId);
          else if (type === 'shiftTraffic' && !claimed.has(runId) && !isContinued(runId, claims)) {
            problems.push('invariant 3: a write before the claim was in history');
          }
        }
      }
      return problems;
    },
    written({ by, over }) {
      if (by === null) return [];
      const { run, epoch } = by.input.fence;
      const isBeside = over.before !== null && over.fence?.run === run && over.fence.epoch === epoch;
      return isBeside ? [] : ['invariant 3: what stood before is not beside the fence'];
    },
  };
}

/** A versioned lease carries the claim of the run that it continues. */
function isContinued(runId: string, claims: Map<string, string>): boolean {
  return ![...claims.values()].includes(runId);
}

/** Invariant 7: accepted fences rise strictly; once a rollback has written, no write forward is accepted. */
function risingFences(): Checker {
  let last: Fence | null = null;
  const goneBack = new Set<string>();
  return {
    written({ by, fence, weights }, status) {
      if (fence === null) return [];
      const problems: string[] = [];
      const isHigher =
        last === null || fence.epoch > last.epoch || (fence.epoch === last.epoch && fence.step > last.step);
      if (!isHigher) problems.push(`invariant 7: ${text(fence)} was accepted after ${text(last)}`);
      last = fence;
      if (by === null) return problems;
      const epoch = `${fence.run} ${fence.epoch}`;
      if (by.input.mode === 'forward' && goneBack.has(epoch)) {
        problems.push(`invariant 7: a late write forward to ${JSON.stringify(weights)} undid the rollback`);
      }
      if (by.input.mode !== 'forward' && status?.rollback != null) goneBack.add(epoch);
      return problems;
    },
  };
}

function text(fence: Fence | null): string {
  return fence === null ? 'none' : `(${fence.epoch}, ${fence.step})`;
}

/** Invariant 7: every write has a step of its own, and a later write a higher one. */
function stepsHandedOutOnce(): Checker {
  const last = new Map<string, number>();
  return {
    seen({ turns }) {
      const problems: string[] = [];
      for (const { scheduled } of turns) {
        for (const { type, args } of scheduled) {
          if (type !== 'shiftTraffic') continue;
          const { fence } = args[0] as ShiftInput;
          const epoch = `${fence.run} ${fence.epoch}`;
          if (fence.step <= (last.get(epoch) ?? 0))
            problems.push(`invariant 7: step ${fence.step} is handed out twice`);
          last.set(epoch, fence.step);
        }
      }
      return problems;
    },
  };
}
