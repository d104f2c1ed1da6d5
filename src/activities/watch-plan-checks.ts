/** Named checks that a plan defines by an HTTP request or a script, asked beside the ticks. */
import { setTimeout as delay } from 'node:timers/promises';
import { joinUrl } from '../adapters/http-read.ts';
import type { Platform } from '../adapters/types.ts';
import type { CheckPlan, Colour, HttpCall, ScriptCall } from '../plan/types.ts';
import { askHttp } from './call-http.ts';
import { lastLine, runScript, type ScriptSettings, scriptFailure } from './call-script.ts';
import { hideSecrets } from './call-values.ts';
import { bounded, type Clock, messageOf } from './clock.ts';
import { createPeriodic, type Periodic } from './periodic.ts';
import { TICK_AGE_MS } from './polling.ts';
import { createRedactor, type Redactor, shorten } from './redact.ts';
import type { CheckReader, CheckReading } from './watch-checks.ts';

export interface PlanCheckDependencies extends ScriptSettings {
  checks: Readonly<Record<string, CheckPlan>>;
  platform: Platform;
  candidate: Colour;
  /** CUTOVER_… variables of scripts. */
  variables: Record<string, string>;
  resolutionMs: number;
  clock: Clock;
  signal: AbortSignal;
}

export interface PlanCheckReader extends CheckReader {
  has(name: string): boolean;
  /** Gives up what is being asked, scripts included. */
  close(): void;
}

type AskedCall = HttpCall | ScriptCall;

const HTTP_PAUSE_MS = 1_000;
const SCRIPT_PAUSE_MS = 5_000;
/** How long a tick waits for answers: a quarter of it, so that a slow check makes no tick late. */
const MAX_WAIT_MS = 250;

/**
 * Every check is asked once a second at most (a script: every 5 s), and again only when it has answered. An answer counts
 * until the next one was due and its own time limit is over; from then on nobody knows.
 */
export function createPlanChecks(dependencies: PlanCheckDependencies): PlanCheckReader {
  const { checks, resolutionMs, signal } = dependencies;
  const closing = new AbortController();
  const close = () => closing.abort(signal.reason ?? new Error('the watcher has ended'));
  signal.addEventListener('abort', close, { once: true });
  const asked = new Map<string, Periodic<CheckReading>>();

  function periodic(name: string): Periodic<CheckReading> | null {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined || check.call.kind === 'metric') return null;
    const known = asked.get(name);
    if (known !== undefined) return known;
    const made = periodicOf(check.call, check.timeout_ms, dependencies, closing.signal);
    asked.set(name, made);
    return made;
  }

  return {
    has: (name) => periodic(name) !== null,
    async read(names) {
      const all = names.flatMap((name): [string, Periodic<CheckReading>][] => {
        const one = periodic(name);
        return one === null ? [] : [[name, one]];
      });
      for (const [, one] of all) one.ask();
      await waitFor(
        all.map(([, one]) => one.underWay()),
        Math.min(MAX_WAIT_MS, resolutionMs / 4),
      );
      const silent: CheckReading = { seen: null, note: 'it has not answered yet', instances: 0 };
      return new Map(all.map(([name, one]) => [name, one.answer() ?? silent]));
    },
    close() {
      signal.removeEventListener('abort', close);
      close();
    },
  };
}

function periodicOf(
  call: AskedCall,
  timeoutMs: number,
  dependencies: PlanCheckDependencies,
  signal: AbortSignal,
): Periodic<CheckReading> {
  const { secrets, clock, resolutionMs } = dependencies;
  const redactor = createRedactor();
  hideSecrets(call.kind === 'http' ? [call.headers, call.json] : call.env, secrets, redactor);
  const pauseMs = Math.max(resolutionMs, call.kind === 'http' ? HTTP_PAUSE_MS : SCRIPT_PAUSE_MS);
  return createPeriodic<CheckReading>({
    pauseMs,
    validMs: pauseMs + Math.max(2 * resolutionMs, timeoutMs),
    clock,
    signal,
    question: async (limit) => {
      const reading = await (call.kind === 'script'
        ? askScript(call, timeoutMs, dependencies, redactor, limit)
        : bounded(timeoutMs, limit, (inner) => askPages(call, timeoutMs, dependencies, inner)));
      return { ...reading, note: reading.note === null ? null : shorten(reading.note, redactor) };
    },
    failed: (message) => ({ seen: null, note: shorten(message, redactor), instances: 0 }),
  });
}

/** A page of the candidate must be right on every ready instance; another one is asked once. */
async function askPages(
  call: HttpCall,
  timeoutMs: number,
  { platform, candidate, secrets }: PlanCheckDependencies,
  signal: AbortSignal,
): Promise<CheckReading> {
  const pages = call.url.startsWith('/')
    ? await pagesOf(platform, candidate, call.url, signal)
    : [{ id: '', url: call.url }];
  if (pages.length === 0) return { seen: null, note: `no instance of ${candidate} is ready`, instances: 0 };
  const answers = await Promise.all(
    pages.map(async ({ id, url }) => {
      const prefix = id === '' ? '' : `${id}: `;
      try {
        if (url === null) return { seen: null, note: `${prefix}the platform gives no address` };
        const { wrong } = await askHttp(call, { url, timeoutMs, secrets, signal });
        return { seen: wrong === null, note: wrong === null ? null : `${prefix}${wrong}` };
      } catch (error) {
        signal.throwIfAborted();
        return { seen: null, note: `${prefix}${messageOf(error)}` };
      }
    }),
  );
  const worst = answers.find(({ seen }) => seen === false) ?? answers.find(({ seen }) => seen === null);
  return { seen: true, note: null, ...worst, instances: pages.length };
}

async function pagesOf(
  platform: Platform,
  candidate: Colour,
  path: string,
  signal: AbortSignal,
): Promise<{ id: string; url: string | null }[]> {
  const { instances } = await platform.inspect(candidate, signal, TICK_AGE_MS);
  return instances
    .filter(({ ready }) => ready)
    .map(({ id, url }) => ({ id, url: url === null ? null : joinUrl(url, path) }));
}

async function askScript(
  call: ScriptCall,
  timeoutMs: number,
  { scripts, secrets, variables }: PlanCheckDependencies,
  redactor: Redactor,
  signal: AbortSignal,
): Promise<CheckReading> {
  const end = await runScript(call, { scripts, secrets }, { variables, timeoutMs, signal });
  const wrong = scriptFailure(end, timeoutMs);
  if (wrong === null) return { seen: true, note: null, instances: 0 };
  const said = lastLine(end, redactor);
  // A script that was stopped, or killed, has not answered.
  return {
    seen: end.timedOut || end.code === null ? null : false,
    note: said === '' ? wrong : `${wrong}: ${said}`,
    instances: 0,
  };
}

async function waitFor(running: (Promise<void> | null)[], limitMs: number): Promise<void> {
  const open = running.filter((one) => one !== null);
  if (open.length === 0) return;
  const limit = new AbortController();
  const timer = delay(limitMs, undefined, { signal: limit.signal }).catch(() => undefined);
  await Promise.race([Promise.all(open), timer]);
  limit.abort();
}
