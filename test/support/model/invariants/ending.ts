/** Invariant 8, that no message is lost, and that every run ends, with the traffic where its outcome says. */

import { sameWeights } from '../../../../src/plan/weights.ts';
import type { DeploymentResult, DeploymentStatus } from '../../../../src/workflows/api.ts';
import { normaliseMessage } from '../../../../src/workflows/message-rules.ts';
import type { Checker, End, Seen } from '../invariants.ts';
import type { ModelWorld, Write } from '../model-world.ts';
import { decode } from '../payloads.ts';

export function endingChecks(world: ModelWorld): Checker[] {
  return [{ end: closes }, { end: answered }, { seen: recorded }, reported(world), consistent(world)];
}

function closes({ closed, status }: End): string[] {
  if (closed === null) return [`liveness: it has not closed: ${status?.phase}, ${status?.attention.join('; ')}`];
  return closed.kind === 'failed' ? [`liveness: it closed as failed: ${closed.message}`] : [];
}

function answered({ updates }: End): string[] {
  return updates
    .filter(({ state }) => state === 'accepted')
    .map(({ name }) => `liveness: ${name} was accepted, and never answered`);
}

/** A signal has no answer: whether it was honoured, refused or a repetition is known by its record alone. */
function recorded({ after, turns }: Seen): string[] {
  const signals = turns.flatMap(({ jobs }) => jobs.flatMap(({ signalWorkflow }) => signalWorkflow ?? []));
  return signals.flatMap(({ signalName, input }) => {
    const id = normaliseMessage(decode(input?.[0])).request_id ?? null;
    const found = after.messages.some(({ name, request_id }) => name === signalName && request_id === id);
    return found ? [] : [`liveness: ${signalName} was signalled, and left no record`];
  });
}

/** Invariant 8: whoever's change a run wrote over is in what it tells people. */
function reported(world: ModelWorld): Checker {
  const overwritten: { write: Write; runId: string }[] = [];
  return {
    written(write, status) {
      if (write.by !== null && isForeign(write) && status !== null) overwritten.push({ write, runId: status.run_id });
      return [];
    },
    end({ statuses }) {
      return overwritten.flatMap(({ write, runId }) => {
        const status = statuses.find(({ run_id }) => run_id === runId);
        const told = [status?.reason ?? '', status?.rollback?.reason ?? '', ...(status?.attention ?? [])].join('\n');
        if (/somebody else changed|past Temporal|another deployment/.test(told)) return [];
        const nth = world.writes.indexOf(write) + 1;
        return [`invariant 8: write ${nth} went over a foreign change of which nothing is told`];
      });
    },
  };
}

/** What stood was not what the run's own epoch last wrote. */
function isForeign({ over, weights }: Write): boolean {
  return over.revision !== over.fenced_revision && !sameWeights(over.weights, weights);
}

/** Once the old colour is being removed nobody looks at the router any more: what somebody else does to it then is theirs. */
function consistent(world: ModelWorld): Checker {
  let removingFromMs = Number.POSITIVE_INFINITY;
  return {
    seen({ atMs, turns }) {
      if (turns.some(({ scheduled }) => scheduled.some(({ type }) => type === 'removeColour'))) removingFromMs = atMs;
      return [];
    },
    end: (end) => disagreement(end, world, removingFromMs),
  };
}

function disagreement({ closed, status }: End, world: ModelWorld, removingFromMs: number): string[] {
  if (closed === null || status?.colours == null) return [];
  const { active, candidate } = status.colours;
  const outcome = closed.kind === 'completed' ? (closed.result as DeploymentResult).outcome : status.outcome;
  if (outcome !== status.outcome) return [`ending: closed as ${outcome}, but the status says ${status.outcome}`];
  const last = world.writes.at(-1);
  const disturbed = last !== undefined && last.by === null;
  const { weights } = world.base.router;
  if (outcome === 'succeeded') {
    const isTheirs = disturbed && last.atMs >= removingFromMs;
    return weights[candidate] === 100 || isTheirs
      ? []
      : [`ending: succeeded with ${weights[candidate]} % on ${candidate}`];
  }
  if (outcome === 'stuck' || outcome === null || disturbed) return stuckReason(outcome, status);
  return weights[active] === 100 ? [] : [`ending: ${outcome} with ${weights[active]} % on ${active}`];
}

/** A run that closes as stuck has called a person. */
function stuckReason(outcome: string | null, status: DeploymentStatus): string[] {
  return outcome === 'stuck' && status.attention.length === 0 ? ['ending: stuck, and nobody was called'] : [];
}
