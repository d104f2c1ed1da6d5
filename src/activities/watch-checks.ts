/** Named checks, read from the health document of every ready instance of the candidate. */
import { type JsonObject, lookUpCheck, readHealthDocument } from '../adapters/health-document.ts';
import type { Platform } from '../adapters/types.ts';
import type { CheckSeen } from '../decision/checks.ts';
import type { Colour } from '../plan/types.ts';
import { bounded, type Clock, messageOf } from './clock.ts';
import { TICK_AGE_MS } from './polling.ts';

export interface CheckReading {
  seen: CheckSeen;
  /** Which instance said what; null: all of them that it holds. */
  note: string | null;
  /** Ready instances behind the reading. */
  instances: number;
}

type Documents = { problem: string } | { documents: { id: string; document: JsonObject }[] };

/** Instances are not asked more often than this. */
const LEAST_PAUSE_MS = 1_000;

export interface CheckReader {
  /** The checks' readings, at most a second old. A document that cannot be read makes every check unknown. */
  read(names: string[], signal: AbortSignal): Promise<Map<string, CheckReading>>;
}

export function createCheckReader(
  platform: Platform,
  candidate: Colour,
  path: string,
  clock: Clock,
  timeoutMs: number,
): CheckReader {
  let last: { at_ms: number; documents: Documents } | null = null;
  return {
    async read(names, signal) {
      const nowMs = clock.now();
      // Half a tick of tolerance, so that a watcher ticking once a second asks every time.
      const isFresh = last !== null && nowMs >= last.at_ms && nowMs - last.at_ms < LEAST_PAUSE_MS * 0.9;
      if (!isFresh || last === null) {
        last = { at_ms: nowMs, documents: await readDocuments(platform, candidate, path, timeoutMs, signal) };
      }
      const { documents } = last;
      return new Map(names.map((name) => [name, judge(documents, name)]));
    },
  };
}

async function readDocuments(
  platform: Platform,
  candidate: Colour,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Documents> {
  try {
    return await bounded(timeoutMs, signal, async (limit) => {
      const { instances } = await platform.inspect(candidate, limit, TICK_AGE_MS);
      const ready = instances.filter((instance) => instance.ready);
      if (ready.length === 0) return { problem: `no instance of ${candidate} is ready` };
      const documents = await Promise.all(
        ready.map(async ({ id, url }) => {
          if (url === null) throw new Error(`the platform gives no address of ${id}`);
          try {
            return { id, document: (await readHealthDocument(url, path, timeoutMs, limit)).document };
          } catch (error) {
            throw new Error(`the health document of ${id} cannot be read: ${messageOf(error)}`, { cause: error });
          }
        }),
      );
      return { documents };
    });
  } catch (error) {
    signal.throwIfAborted();
    return { problem: messageOf(error) };
  }
}

/** It holds when it holds on every instance, and fails when it fails on any; an instance without it leaves it unknown. */
function judge(read: Documents, name: string): CheckReading {
  if ('problem' in read) return { seen: null, note: read.problem, instances: 0 };
  const answers = read.documents.map(({ id, document }) => ({ id, ...lookUpCheck(document, name) }));
  const instances = answers.length;
  const failing = answers.find(({ state }) => state === 'fails');
  if (failing !== undefined) return { seen: false, note: `${failing.id} says ${failing.detail}`, instances };
  const silent = answers.find(({ state }) => state === 'absent');
  if (silent !== undefined) return { seen: null, note: `${silent.id} does not tell: ${silent.detail}`, instances };
  return { seen: true, note: null, instances };
}
