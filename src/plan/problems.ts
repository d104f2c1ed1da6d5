/** What is wrong with a plan, each with the place it was written at. */
import { CutoverError, ERRORS, type ErrorCode } from '../errors.ts';

/** Where a value was written. `file` is the name given, or `--set KEY`; line and column count from 1. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

export interface Problem extends Position {
  code: ErrorCode;
  severity: 'error' | 'warning';
  /** The key's path as written in the plan, `switch.steps[1]`; empty: the whole document. */
  key: string;
  /** What was found, and why it is wrong. */
  message: string;
  /** What would be right. */
  hint: string;
}

/** Every error found in a plan; its message names the first, with its place. */
export class PlanError extends CutoverError {
  readonly problems: Problem[];

  constructor(problems: Problem[]) {
    const errors = problems.filter((problem) => problem.severity === 'error');
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super('CUTOVER_PLAN_INVALID', `${first === undefined ? 'The plan is invalid.' : formatProblem(first)}${more}`, {
      details: { problems },
    });
    this.name = 'PlanError';
    this.problems = problems;
  }
}

export function createProblem(code: ErrorCode, at: Position, key: string, message: string, hint?: string): Problem {
  return { code, severity: severityOf(code), ...at, key, message, hint: hint ?? ERRORS[code].hint };
}

/** `plan.yaml:3:7: message`. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
}

/** Plans with such a warning are valid, but this version cannot run them: `start` refuses them. */
export const NOT_BUILT_CODES: readonly ErrorCode[] = ['CUTOVER_ADAPTER_NOT_BUILT'];

function severityOf(code: ErrorCode): Problem['severity'] {
  const warns = NOT_BUILT_CODES.includes(code) || code === 'CUTOVER_PLAN_DOUBTFUL';
  return warns ? 'warning' : 'error';
}

/** Path segments as people write them: `['switch', 'steps', 1, 'share']` is `switch.steps[1].share`. */
export function printKey(path: readonly (string | number)[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const escaped = part.replaceAll('.', '\\.');
    return text === '' ? escaped : `${text}.${escaped}`;
  }, '');
}
