/** One instant query to the first of several servers that answers it. */
import { CutoverError } from '../../../errors.ts';
import { type HttpAnswer, readHttp } from '../../http-read.ts';
import { retryAfterMs } from '../../notifiers/webhook.ts';
import type { Access } from './access.ts';
import { type Answer, type Element, readAnswer } from './answer.ts';

export type Found = { kind: 'vector'; elements: Element[] } | { kind: 'no_data'; reason: string };

export interface Question {
  text: string;
  /** The metric that it is asked for, for people. */
  metric: string;
  /** The time that it is evaluated at, epoch milliseconds. */
  atMs: number;
}

export interface ServerSettings {
  /** In the order of preference. */
  urls: string[];
  /** What one question may take, whichever servers it goes to. */
  timeoutMs: number;
  now?: () => number;
}

/** A server that failed is asked after the others for so long. */
const ASIDE_MS = 5_000;
/** A server that asks for more patience than this gets no more: a watcher would be blind. */
const MAX_RETRY_AFTER_MS = 10_000;

interface Rest {
  untilMs: number;
  /** It asked not to be asked. */
  asked: boolean;
}

/** What one server says: an answer; a problem of its own (`elsewhere`: another may do better). */
type Said = Found | { kind: 'problem'; reason: string; elsewhere: boolean };

/** Known to all providers of this process. */
const resting = new Map<string, Rest>();

/**
 * Throws CUTOVER_METRICS_QUERY when a server cannot read the question, and the signal's reason when it is aborted. All
 * else that may go wrong is no data.
 */
export async function ask(
  question: Question,
  access: Access,
  { urls, timeoutMs, now = Date.now }: ServerSettings,
  signal: AbortSignal,
): Promise<Found> {
  const endsAt = performance.now() + timeoutMs;
  const problems: string[] = [];
  const order = [...urls].sort((one, other) => Number(isResting(one, now())) - Number(isResting(other, now())));
  for (const [index, url] of order.entries()) {
    const rest = resting.get(url);
    if (rest?.asked === true && isResting(url, now())) {
      problems.push(`${hostOf(url)} asked to be left alone for another ${seconds(rest.untilMs - now())}`);
      continue;
    }
    const limitMs = Math.max(1, Math.floor((endsAt - performance.now()) / (order.length - index)));
    const said = await askOne(url, question, access, limitMs, now, signal);
    if (said.kind !== 'problem') return said;
    problems.push(said.reason);
    if (!said.elsewhere) break;
  }
  return { kind: 'no_data', reason: problems.join('; ') };
}

async function askOne(
  url: string,
  question: Question,
  access: Access,
  limitMs: number,
  now: () => number,
  signal: AbortSignal,
): Promise<Said> {
  let answer: HttpAnswer;
  try {
    answer = await readHttp(addressOf(url, question).href, { timeoutMs: limitMs, ...access }, signal);
  } catch (error) {
    signal.throwIfAborted();
    resting.set(url, { untilMs: now() + ASIDE_MS, asked: false });
    return { kind: 'problem', reason: `${hostOf(url)}: ${textOf(error)}`, elsewhere: true };
  }
  const { status } = answer;
  const read = readAnswer(answer.body);
  if (status === 429 || status >= 500) {
    const waitMs = retryAfterMs(answer.headers.get('retry-after'), now());
    const untilMs = now() + Math.min(MAX_RETRY_AFTER_MS, waitMs ?? ASIDE_MS);
    resting.set(url, { untilMs, asked: waitMs !== null });
    return { kind: 'problem', reason: told(url, status, read), elsewhere: true };
  }
  resting.delete(url);
  if (read.kind === 'failed' && read.type === 'bad_data') throw badQuery(question.metric, read.message);
  if (status !== 200 || read.kind === 'failed' || read.kind === 'foreign') {
    return { kind: 'problem', reason: told(url, status, read), elsewhere: false };
  }
  return foundIn(read, question.metric);
}

function foundIn(read: Exclude<Answer, { kind: 'failed' | 'foreign' }>, metric: string): Found {
  switch (read.kind) {
    case 'vector':
      return read;
    case 'partial':
      return { kind: 'no_data', reason: `the answer may lack a part: ${shortened(read.warning)}` };
    case 'unusable':
      throw badQuery(metric, `it evaluates to a ${read.type}, not to one number`);
  }
}

function badQuery(metric: string, message: string): CutoverError {
  return new CutoverError('CUTOVER_METRICS_QUERY', `the query of ${metric}: ${shortened(message)}`);
}

function told(url: string, status: number, read: Answer): string {
  const detail = read.kind === 'failed' ? `: ${read.type}: ${shortened(read.message)}` : '';
  if (status === 200 && detail === '') return `${hostOf(url)} answered something that is not Prometheus'`;
  return `${hostOf(url)} answered ${status}${detail}${hintOf(status)}`;
}

function hintOf(status: number): string {
  if (status >= 300 && status < 400) return ' (redirects are not followed)';
  switch (status) {
    case 401:
    case 403:
      return ' (are the credentials right?)';
    case 404:
      return ' (does the address lack a path, such as /prometheus?)';
    default:
      return '';
  }
}

/** Thanos would rather leave out a store than fail; others do not know the parameter. */
function addressOf(base: string, { text, atMs }: Question): URL {
  const address = new URL(base);
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/api/v1/query`;
  const parameters = { query: text, time: (atMs / 1_000).toFixed(3), partial_response: 'false' };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return address;
}

function isResting(url: string, nowMs: number): boolean {
  return (resting.get(url)?.untilMs ?? Number.NEGATIVE_INFINITY) > nowMs;
}

/** Without path, query, name and password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an address that is none';
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}

function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
