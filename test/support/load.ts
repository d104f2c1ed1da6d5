/** A constant load over a service's public port, in which every request is accounted for. */
import { Agent, type IncomingMessage, request as send } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVED_BY_HEADER } from '../../src/local/api.ts';
import type { Colour } from '../../src/plan/types.ts';

export interface Answer {
  /** Sent as X-Request-Id. */
  id: string;
  startedMs: number;
  /** Epoch ms; null: under way. */
  endedMs: number | null;
  /** Null: no whole answer came. */
  status: number | null;
  colour: Colour | null;
  instance: string | null;
  version: string | null;
  /** Why no whole answer came. */
  error: string | null;
}

export interface Load {
  answers: readonly Answer[];
  /** Answered by the colour, so far. */
  countOf(colour: Colour): number;
  /** Sends no more, and returns when the last request is settled. */
  stop(): Promise<readonly Answer[]>;
}

const TICK_MS = 10;
const TIMEOUT_MS = 20_000;
/** Bounds of one load: nothing of a test that hangs goes on for ever. */
const MAX_REQUESTS = 40_000;
const MAX_OWED = 200;

/** Open loop: `perSecond` requests are sent however slow the answers are. */
export function startLoad(url: string, perSecond: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const answers: Answer[] = [];
  const pending = new Set<Promise<void>>();
  let owed = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    owed = Math.min(MAX_OWED, owed + ((nowMs - lastMs) * perSecond) / 1_000);
    lastMs = nowMs;
    for (; owed >= 1 && answers.length < MAX_REQUESTS; owed -= 1) {
      const answer = newAnswer(String(answers.length));
      answers.push(answer);
      const settled = fetchInto(url, agent, answer).finally(() => pending.delete(settled));
      pending.add(settled);
    }
  }, TICK_MS);
  return {
    answers,
    countOf: (colour) => answers.filter((answer) => answer.colour === colour).length,
    async stop() {
      clearInterval(timer);
      await Promise.race([Promise.all(pending), sleep(TIMEOUT_MS + 5_000)]);
      agent.destroy();
      return answers;
    },
  };
}

function newAnswer(id: string): Answer {
  const none = { endedMs: null, status: null, colour: null, instance: null, version: null, error: null };
  return { id, startedMs: Date.now(), ...none };
}

async function fetchInto(url: string, agent: Agent, answer: Answer): Promise<void> {
  try {
    const response = await get(url, agent, answer.id);
    const [colour, instance, version] = String(response.headers[SERVED_BY_HEADER.toLowerCase()] ?? '').split('/');
    if (colour === 'blue' || colour === 'green') answer.colour = colour;
    answer.instance = instance ?? null;
    answer.version = version ?? null;
    for await (const _ of response);
    answer.status = response.statusCode ?? null;
  } catch (error) {
    answer.error = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    answer.endedMs = Date.now();
  }
}

/** Without any second try of its own: what the router loses is lost. */
function get(url: string, agent: Agent, id: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = send(url, { agent, timeout: TIMEOUT_MS, headers: { 'x-request-id': id } }, resolve);
    request.once('timeout', () => request.destroy(new Error('timed out')));
    request.once('error', reject);
    request.end();
  });
}
