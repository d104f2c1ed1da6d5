/** A program that a plan names, run only where the worker allows it. */
import { realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { CutoverError } from '../errors.ts';
import { formatDuration } from '../plan/duration.ts';
import type { ScriptCall } from '../plan/types.ts';
import { type Secrets, textOf } from './call-values.ts';
import { messageOf } from './clock.ts';
import type { Redactor } from './redact.ts';
import { runProcess, type ScriptEnd } from './script-process.ts';

export interface ScriptSettings {
  /** The directory that programs must lie in; null: this worker runs none. */
  scripts: string | null;
  secrets: Secrets;
}

export interface ScriptRun {
  /** CUTOVER_… variables; over the plan's own. */
  variables: Record<string, string>;
  timeoutMs: number;
  signal: AbortSignal;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MAX_VARIABLE = 4_096;
/**
 * Variables by which loaders and interpreters take other code: with one of them a plan could run what does not lie in
 * the directory.
 */
const LOADS_CODE =
  /^(PATH|ENV|IFS|PS4|SHELLOPTS|BASHOPTS|BASH_ENV|BASH_FUNC_.*|LD_.*|DYLD_.*|GCONV_PATH|NODE_.*|PYTHON.*|PERL5.*|PERLLIB|RUBY.*|GEM_.*|LUA_.*|.*JAVA_OPTIONS|JAVA_TOOL_OPTIONS|CLASSPATH|GIT_.*|EDITOR|PAGER|CUTOVER_.*)$/i;

/**
 * Runs the call's program in the allowed directory, with a minimal environment, the plan's variables and `variables`.
 * CUTOVER_SCRIPT_REFUSED when the worker allows no scripts, the program (symbolic links resolved) lies elsewhere, or a
 * variable could make it run other code. Throws an Error, without any secret in it, when it cannot be started.
 */
export async function runScript(call: ScriptCall, settings: ScriptSettings, run: ScriptRun): Promise<ScriptEnd> {
  const [name = '', ...args] = call.command;
  const { directory, program } = await allowed(settings.scripts, name);
  const own = Object.entries(call.env).map(([variable, value]): [string, string] => {
    if (LOADS_CODE.test(variable)) throw refused(`a plan may not set ${variable} for a script`);
    return [variable, textOf(value, settings.secrets)];
  });
  const given = Object.entries(run.variables).map(([variable, value]) => [variable, plain(value)]);
  const env = { PATH, ...Object.fromEntries(own), ...Object.fromEntries(given) };
  return runProcess({ program, args, cwd: directory, env, timeoutMs: run.timeoutMs }, run.signal);
}

/** How it did not succeed, for people; null: it did. */
export function scriptFailure({ code, signal, timedOut }: ScriptEnd, timeoutMs: number): string | null {
  if (timedOut) return `it was stopped after ${formatDuration(timeoutMs)}`;
  if (code === 0) return null;
  return code === null ? `it was ended by ${signal}` : `it ended with exit code ${code}`;
}

/** The last line of its output, secrets hidden before the lines are told apart; empty: there was none. */
export function lastLine({ output, isCut }: ScriptEnd, redactor: Redactor): string {
  // What is left of a long output may begin in the middle of a secret.
  const whole = isCut ? output.slice(output.indexOf('\n') + 1 || output.length) : output;
  return redactor.redact(whole).trimEnd().split('\n').at(-1)?.trim() ?? '';
}

/** The real paths: what is started is what was checked, not a link that is changed meanwhile. */
async function allowed(scripts: string | null, name: string): Promise<{ directory: string; program: string }> {
  if (scripts === null) throw refused('this worker runs no scripts');
  const directory = await realpath(scripts).catch((error) => {
    throw refused(`the worker's directory of scripts cannot be read: ${messageOf(error)}`);
  });
  const program = await realpath(resolve(directory, name)).catch(() => {
    throw refused(`there is no program ${name} in the worker's directory of scripts`);
  });
  if (!program.startsWith(directory + sep)) {
    throw refused(`the program ${name} does not lie in the worker's directory of scripts`);
  }
  if (!(await stat(program)).isFile()) throw refused(`${name} is no program`);
  return { directory, program };
}

/** What a variable can hold: a reason may be of any length. */
function plain(value: string): string {
  return value.replaceAll('\0', '').slice(0, MAX_VARIABLE);
}

function refused(message: string): CutoverError {
  return new CutoverError('CUTOVER_SCRIPT_REFUSED', message);
}
