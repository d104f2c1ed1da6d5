/** What the checks of one run of the smoke suite share. */
import { type HttpAnswer, type HttpRead, joinUrl, readHttp } from '../adapters/http-read.ts';
import { formatDuration } from '../plan/duration.ts';
import type { SmokePlan } from '../plan/types.ts';
import { messageOf } from './clock.ts';
import type { Redactor } from './redact.ts';

export interface SmokeRun {
  smoke: SmokePlan;
  /** The version that the instances should have. */
  version: string;
  signal: AbortSignal;
  redactor: Redactor;
  /** Epoch ms at which whatever has not been asked yet is given up. */
  endsAtMs: number;
  now(): number;
  /** What is done now, for people; sent at once and again every few seconds. */
  tell(doing: string): void;
}

/** What one instance answered to one check; `note` null: as it should be. */
export interface Outcome {
  name: string;
  note: string | null;
  took_ms: number;
}

/** The whole suite: below the time limit of its activity, which would only be asked, and written to, all over again. */
export const SUITE_LIMIT_MS = 240_000;

const MAX_SHOWN = 80;

/** Milliseconds that one request may take. Throws an Error for people when the suite's is over. */
export function timeoutIn(run: SmokeRun, timeoutMs: number): number {
  const leftMs = run.endsAtMs - run.now();
  if (leftMs <= 0) throw new Error(`not asked: the suite's ${formatDuration(SUITE_LIMIT_MS)} are over`);
  return Math.min(timeoutMs, leftMs);
}

export function ask(run: SmokeRun, url: string, path: string, read: HttpRead): Promise<HttpAnswer> {
  return readHttp(joinUrl(url, path), { ...read, timeoutMs: timeoutIn(run, read.timeoutMs) }, run.signal);
}

/** A check that ended with an error: what went wrong is its note; a cancellation is thrown on. */
export function failed(run: SmokeRun, name: string, error: unknown): Outcome {
  run.signal.throwIfAborted();
  return { name, note: messageOf(error), took_ms: 0 };
}

export function tooSlow(tookMs: number, limitMs: number | null): string | null {
  return limitMs === null || tookMs <= limitMs
    ? null
    : `took ${Math.round(tookMs)} ms, at most ${limitMs} ms are allowed`;
}

export function expectStatus(found: number, expected: number | null): string | null {
  const isGood = expected === null ? found >= 200 && found < 300 : found === expected;
  if (isGood) return null;
  const hint = found >= 300 && found < 400 ? ' (redirects are not followed)' : '';
  return `expected ${expected ?? '2xx'}, answered ${found}${hint}`;
}

/** What an instance answered, for people. */
export function shown(found: unknown, run: SmokeRun): string {
  return cut(JSON.stringify(found), run);
}

/** Redacted first: half a secret would not be found. */
export function cut(found: string, { redactor }: SmokeRun): string {
  const text = redactor.redact(found);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
