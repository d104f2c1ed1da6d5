/** A hook: one attempt at one HTTP request or one script, with the same idempotency key every time. */

import type { Cdn } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import type { HookPlan, HttpCall, ScriptCall } from '../plan/types.ts';
import { askHttp } from './call-http.ts';
import { lastLine, runScript, type ScriptSettings, scriptFailure } from './call-script.ts';
import { hideSecrets } from './call-values.ts';
import { messageOf } from './clock.ts';
import { retryable } from './failure.ts';
import { invalidate } from './hook-cdn.ts';
import type { Polling } from './polling.ts';
import { createRedactor, type Redactor, shorten } from './redact.ts';
import type { HookEvent, HookInput } from './types.ts';

export interface HookSettings extends ScriptSettings {
  /** Null: this worker invalidates nothing. */
  cdn: Cdn | null;
}

/** What a hook did; nothing is cut yet, nor hidden in `wrong`. */
export interface Done {
  /** How it failed; null: it did not. */
  wrong: string | null;
  /** What it answered; empty: nothing. */
  said: string;
}

const TELL_AGAIN_MS = 2_000;

/**
 * The answer is a line for people. CUTOVER_HOOK_FAILED, worth another attempt, when it fails or takes too long;
 * CUTOVER_SCRIPT_REFUSED, for good. No secret is in the answer, in errors or in heartbeats.
 */
export async function runHook(settings: HookSettings, polling: Polling, input: HookInput): Promise<{ note: string }> {
  const redactor = createRedactor();
  const { name } = input.hook;
  let told = `hook ${name}`;
  const tell = () => polling.heartbeat(told);
  const telling = {
    ...polling,
    heartbeat(details: string) {
      told = `hook ${name}: ${details}`;
      tell();
    },
  };
  tell();
  const again = setInterval(tell, TELL_AGAIN_MS);
  try {
    const done = await call(input.hook.call, settings, telling, input, redactor);
    const said = shorten(done.said.trim(), redactor);
    if (done.wrong === null) return { note: said === '' ? 'done' : said };
    throw failed(`hook ${name}: ${redactor.redact(done.wrong)}${said === '' ? '' : `: ${said}`}`);
  } finally {
    clearInterval(again);
  }
}

async function call(
  what: HookPlan['call'],
  settings: HookSettings,
  polling: Polling,
  input: HookInput,
  redactor: Redactor,
): Promise<Done> {
  switch (what.kind) {
    case 'http':
      hideSecrets([what.headers, what.json], settings.secrets, redactor);
      return post(what, settings, polling, input);
    case 'script':
      hideSecrets(what.env, settings.secrets, redactor);
      return run(what, settings, polling, input, redactor);
    case 'cloudfront':
      return invalidate(what, settings.cdn, polling, input);
  }
}

async function post(call: HttpCall, { secrets }: ScriptSettings, polling: Polling, input: HookInput): Promise<Done> {
  try {
    const { wrong, body } = await askHttp(call, {
      url: call.url,
      wrap: (data) => ({ event: input.event, data }),
      headers: { 'idempotency-key': input.idempotency_key },
      timeoutMs: input.hook.timeout_ms,
      secrets,
      signal: polling.signal,
    });
    return { wrong, said: body };
  } catch (error) {
    polling.signal.throwIfAborted();
    return { wrong: messageOf(error), said: '' };
  }
}

async function run(
  call: ScriptCall,
  settings: ScriptSettings,
  polling: Polling,
  input: HookInput,
  redactor: Redactor,
): Promise<Done> {
  const { timeout_ms: timeoutMs } = input.hook;
  try {
    const variables = variablesOf(input.event, input.idempotency_key);
    const end = await runScript(call, settings, { variables, timeoutMs, signal: polling.signal });
    return { wrong: scriptFailure(end, timeoutMs), said: lastLine(end, redactor) };
  } catch (error) {
    polling.signal.throwIfAborted();
    if (error instanceof CutoverError) throw error;
    return { wrong: messageOf(error), said: '' };
  }
}

/** The event as a script sees it; what is not known is empty. */
function variablesOf(event: HookEvent, idempotencyKey: string): Record<string, string> {
  const { weights, ...texts } = event;
  const named = Object.entries(texts).map(([key, value]) => [`CUTOVER_${key.toUpperCase()}`, value ?? '']);
  return {
    ...Object.fromEntries(named),
    CUTOVER_WEIGHT_BLUE: String(weights.blue),
    CUTOVER_WEIGHT_GREEN: String(weights.green),
    CUTOVER_IDEMPOTENCY_KEY: idempotencyKey,
  };
}

function failed(message: string): unknown {
  return retryable(new CutoverError('CUTOVER_HOOK_FAILED', message));
}
