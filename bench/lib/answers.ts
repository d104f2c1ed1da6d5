/** What the answered requests say about the traffic. All times are the start of a request, epoch milliseconds. */
import type { Colour } from '../../src/plan/types.ts';
import type { Answer } from './load.ts';

/**
 * When all traffic was on `colour` again, as a caller sees it: the start of the first request after which no answered
 * one came from the other colour. It errs to the late side by up to one gap between two requests.
 */
export function allOn(colour: Colour, answers: readonly Answer[]): number {
  const lastOther = answers.findLastIndex((answer) => answer.colour !== null && answer.colour !== colour);
  const first = answers.slice(lastOther + 1).find((answer) => answer.colour === colour);
  if (first === undefined) throw new Error(`no request was answered by ${colour} in the end`);
  return first.startedMs;
}

/** The first request that the colour answered with a server error; throws when there was none. */
export function firstBad(colour: Colour, answers: readonly Answer[]): number {
  const bad = answers.find((answer) => answer.colour === colour && answer.status >= 500);
  if (bad === undefined) throw new Error(`no request was answered badly by ${colour}`);
  return bad.startedMs;
}

/** Requests without a whole and good answer. */
export function failed(answers: readonly Answer[]): Answer[] {
  return answers.filter(({ status }) => status < 200 || status > 299);
}

/** Failures by what went wrong, for the report. */
export function causes(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, colour, error } of failed(answers)) {
    const cause = error ?? `${status} from ${colour ?? 'the router'}`;
    counts[cause] = (counts[cause] ?? 0) + 1;
  }
  return counts;
}
