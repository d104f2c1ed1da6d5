/** Invariants 6 and 10: only a watcher passes a window, at its end, and its end is moved by people and gaps alone. */
import type { WatchInput, WatchResult } from '../../../../src/activities/watch-types.ts';
import type { PhaseName } from '../../../../src/workflows/api.ts';
import type { Checker, Seen } from '../invariants.ts';
import { decode } from '../payloads.ts';
import type { Turn } from '../workflow-run.ts';

const WINDOWS: PhaseName[] = ['warmup', 'performance_validation', 'decision_window', 'observation'];

/** What a watcher said of its window. */
interface Word {
  input: WatchInput;
  result: WatchResult;
}

export function watchingChecks(): Checker[] {
  const watching = new Map<string, WatchInput>();
  function words(turns: Turn[]): Word[] {
    const said: Word[] = [];
    for (const { runId, jobs, scheduled } of turns) {
      for (const { resolveActivity } of jobs) {
        const input = watching.get(`${runId}/${resolveActivity?.seq}`);
        const completed = resolveActivity?.result?.completed;
        if (input !== undefined && completed != null)
          said.push({ input, result: decode(completed.result) as WatchResult });
      }
      for (const { type, seq, args } of scheduled) {
        if (type === 'watchWindow') watching.set(`${runId}/${seq}`, args[0] as WatchInput);
      }
    }
    return said;
  }
  return [
    {
      seen(seen) {
        const said = words(seen.turns);
        return [...passedUnsaid(seen, said), ...endsMoved(seen, said)];
      },
    },
    { seen: succeededUnwatched },
  ];
}

/** Invariant 6: a window that has passed was passed by its watcher, at its end or later. */
function passedUnsaid({ before, after, atMs }: Seen, said: Word[]): string[] {
  // A run that continues another one brings the phases of that one along.
  if (before === null) return [];
  return WINDOWS.flatMap((name) => {
    const is = after.phases.find((phase) => phase.name === name);
    const was = before.phases.find((phase) => phase.name === name);
    if (is?.state !== 'passed' || was?.state === 'passed') return [];
    const word = said.find(({ input, result }) => input.stage === name && result.verdict === 'passed');
    if (word === undefined) return [`invariant 6: ${name} passed, but no watcher said so`];
    const passedMs = word.input.ends_at_ms ?? Number.POSITIVE_INFINITY;
    if (passedMs > atMs) return [`invariant 6: ${name} passed before its end`];
    const endsAt = was?.ends_at ?? null;
    return endsAt !== null && passedMs < Date.parse(endsAt)
      ? [`invariant 6: ${name} passed at an end that had been moved`]
      : [];
  });
}

/** Invariant 6: success needs every phase passed, or left out by the plan. */
function succeededUnwatched({ before, after }: Seen): string[] {
  if (after.outcome !== 'succeeded' || before?.outcome === 'succeeded') return [];
  const upTo = after.phases.findIndex(({ name }) => name === 'observation');
  return after.phases
    .slice(0, upTo + 1)
    .filter(({ state }) => state !== 'passed' && state !== 'skipped')
    .map(({ name, state }) => `invariant 6: succeeded with ${name} ${state}`);
}

/** Invariant 10: the end of a window that stays open moves by messages, and by the watcher's word that time is missing. */
function endsMoved({ before, after, turns }: Seen, said: Word[]): string[] {
  const mayMove =
    turns.some(({ jobs }) => jobs.some((job) => job.signalWorkflow != null || job.doUpdate != null)) ||
    said.some(({ result }) => result.verdict === 'gap' || result.verdict === 'tripped');
  if (before === null || mayMove) return [];
  return after.phases.flatMap((is) => {
    const was = before.phases.find(({ name }) => name === is.name);
    if (was?.state !== 'running' || is.state !== 'running' || was.ends_at === null || is.ends_at === null) return [];
    // The steps of a switch are windows of one phase.
    if (was.ends_at === is.ends_at || is.name === 'switch') return [];
    return [`invariant 10: the end of ${is.name} moved from ${was.ends_at} to ${is.ends_at}`];
  });
}
