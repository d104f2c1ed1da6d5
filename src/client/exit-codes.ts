/** What the process says to a script. Also printed by `cutover --help`. */
import { CutoverError } from '../errors.ts';
import type { Outcome } from '../workflows/api.ts';

export const EXIT = {
  succeeded: 0,
  internal: 1,
  usage: 2,
  rolled_back: 3,
  rejected: 4,
  unresolved: 5,
  unreachable: 6,
  /** 128 + SIGINT, as shells count. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `
Exit codes:
  0  succeeded
  1  internal error
  2  usage, an invalid plan, or a request that was refused
  3  rolled back
  4  rejected
  5  inconclusive, or stuck: a person is needed
  6  Temporal cannot be reached`;

export function exitCodeOfOutcome(outcome: Outcome): ExitCode {
  switch (outcome) {
    case 'succeeded':
      return EXIT.succeeded;
    case 'rolled_back':
      return EXIT.rolled_back;
    case 'rejected':
      return EXIT.rejected;
    case 'inconclusive':
    case 'stuck':
      return EXIT.unresolved;
  }
}

export function exitCodeOfError(error: unknown): ExitCode {
  if (!(error instanceof CutoverError)) return EXIT.internal;
  if (error.code === 'CUTOVER_TEMPORAL_UNREACHABLE') return EXIT.unreachable;
  return error.fault === 'user' ? EXIT.usage : EXIT.internal;
}
