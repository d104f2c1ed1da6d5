/** The checks of documents on what an instance depends on: its database, its dependencies. */
import { type DependencyState, dependenciesIn, listedDependencies } from '../adapters/dependency-document.ts';
import { type JsonObject, parseObject, readHealthDocument } from '../adapters/health-document.ts';
import type { SmokePlan } from '../plan/types.ts';
import { ask, cut, expectStatus, failed, type Outcome, type SmokeRun, shown, timeoutIn, tooSlow } from './smoke-run.ts';

const MAX_NAMED = 5;
const MAX_BYTES = 1024 * 1024;
const ACCEPT = { accept: 'application/health+json, application/json' };

export async function checkDatabase(
  url: string,
  { path, max_response_ms: limitMs }: NonNullable<SmokePlan['database']>,
  run: SmokeRun,
): Promise<Outcome> {
  const name = `database ${path}`;
  run.tell(`${name} on ${url}`);
  try {
    const read = { timeoutMs: run.smoke.timeout_ms, maxBytes: MAX_BYTES, headers: ACCEPT };
    const { status, body, took_ms } = await ask(run, url, path, read);
    const document = parseObject(body);
    const note =
      expectStatus(status, null) ??
      unhealthy(document, run) ??
      tooSlow(took_ms, limitMs ?? run.smoke.max_response_time_ms) ??
      tooSlowByItself(document, limitMs);
    return { name, note, took_ms };
  } catch (error) {
    return failed(run, name, error);
  }
}

/** The page may be about the database alone (`{"status": "up"}`), or list what it is made of; it need not be JSON. */
function unhealthy(document: JsonObject | null, run: SmokeRun): string | null {
  if (document === null) return null;
  return named(listedDependencies(document), run) ?? overall(document, run);
}

/** `response_time_ms` as the application measured it; the page itself may be answered from a cache. */
function tooSlowByItself(document: JsonObject | null, limitMs: number | null): string | null {
  const told = document?.response_time_ms;
  if (limitMs === null || typeof told !== 'number' || told <= limitMs) return null;
  return `its document says ${Math.round(told)} ms, at most ${limitMs} ms are allowed`;
}

export async function checkDependencies(url: string, path: string, run: SmokeRun): Promise<Outcome> {
  const name = `dependencies ${path}`;
  run.tell(`${name} on ${url}`);
  try {
    const { status, document, took_ms } = await readHealthDocument(
      url,
      path,
      timeoutIn(run, run.smoke.timeout_ms),
      run.signal,
    );
    const all = dependenciesIn(document);
    const note =
      named(all, run) ??
      expectStatus(status, null) ??
      (all.length === 0 ? 'the document names no dependency' : overall(document, run)) ??
      tooSlow(took_ms, run.smoke.max_response_time_ms);
    return { name, note, took_ms };
  } catch (error) {
    return failed(run, name, error);
  }
}

/** Those that are not healthy; null: all are. */
function named(states: DependencyState[], run: SmokeRun): string | null {
  const bad = states.filter(({ healthy }) => !healthy);
  if (bad.length === 0) return null;
  const some = bad.slice(0, MAX_NAMED).map(({ name, detail }) => `${cut(name, run)} is ${shown(detail, run)}`);
  return [...some, ...(bad.length > MAX_NAMED ? [`and ${bad.length - MAX_NAMED} more`] : [])].join(', ');
}

/** The document may call the whole unhealthy without telling which part is. */
function overall({ status }: JsonObject, run: SmokeRun): string | null {
  if (typeof status !== 'string') return null;
  const isGood = listedDependencies({ dependencies: { status } }).every(({ healthy }) => healthy);
  return isGood ? null : `the status is ${shown(status, run)}`;
}
