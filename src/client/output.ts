/** How commands speak: results on stdout, everything else on stderr; JSON when asked. */
import { env, stderr, stdout } from 'node:process';
import { CutoverError, ERRORS } from '../errors.ts';
import { type Colors, colorsFor } from './render/canvas.ts';
import { LOCAL_TIMES, type Times, timesIn } from './render/times.ts';

export interface CommonOptions {
  json?: boolean;
  debug?: boolean;
  /** Show times in UTC. */
  utc?: boolean;
}

export interface Output {
  json: boolean;
  debug: boolean;
  /** Whether stdout is a terminal that can be drawn on. */
  isTerminal: boolean;
  columns: number;
  colors: Colors;
  times: Times;
  /** A line of the result. With `--json` use `data`. */
  line(text: string): void;
  /** The one JSON document of a command. */
  data(value: unknown): void;
  /** A remark, for people. */
  note(text: string): void;
}

export function createOutput(options: CommonOptions): Output {
  const isTerminal = stdout.isTTY === true && env.TERM !== 'dumb';
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0';
  return {
    json: options.json === true,
    debug: options.debug === true,
    isTerminal,
    columns: stdout.columns ?? 120,
    colors: colorsFor(isTerminal, forced),
    times: options.utc === true ? timesIn('UTC') : LOCAL_TIMES,
    line: (text) => void stdout.write(`${text}\n`),
    data: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => void stderr.write(`${text}\n`),
  };
}

/** What a script reads of an error. */
export interface ErrorReport {
  code: string;
  message: string;
  hint: string;
  details?: Record<string, unknown>;
}

export function reportOf(error: unknown): ErrorReport {
  if (!(error instanceof CutoverError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'CUTOVER_INTERNAL', message, hint: ERRORS.CUTOVER_INTERNAL.hint };
  }
  const { code, message, hint, details } = error;
  return Object.keys(details).length === 0 ? { code, message, hint } : { code, message, hint, details };
}
