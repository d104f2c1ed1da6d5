/** Whether this worker takes on work: what `/readyz` answers. */
import { bounded, messageOf } from '../activities/clock.ts';
import type { RunningWorker } from './run.ts';

export interface Ready {
  ready: boolean;
  /** Why not; null when ready. */
  reason: string | null;
}

export interface Readiness {
  check(): Promise<Ready>;
  /** The worker has connected, and from now on its state is the answer. */
  attach(worker: Pick<RunningWorker, 'status' | 'ping'>): void;
  /** From now on it is not ready. */
  ending(): void;
}

/** How long an answer of the server is believed, and how long it is waited for. */
const BELIEVED_MS = 1_000;
const ANSWER_LIMIT_MS = 2_000;

export function createReadiness(now: () => number = Date.now): Readiness {
  let worker: Pick<RunningWorker, 'status' | 'ping'> | null = null;
  let isEnding = false;
  let asked: { problem: Promise<string | null>; endedAtMs: number | null } | null = null;

  /** One question at a time, whoever asks how often. */
  function serverProblem(ping: () => Promise<void>): Promise<string | null> {
    if (asked !== null && (asked.endedAtMs === null || now() - asked.endedAtMs < BELIEVED_MS)) return asked.problem;
    const asking = { problem: pingProblem(ping), endedAtMs: null as number | null };
    asked = asking;
    void asking.problem.then(() => {
      asking.endedAtMs = now();
    });
    return asking.problem;
  }

  async function problem(): Promise<string | null> {
    if (isEnding) return 'the worker is ending';
    if (worker === null) return 'the worker has not connected to Temporal yet';
    const stopped = worker.status().find(({ state }) => state !== 'RUNNING');
    if (stopped !== undefined) return `the worker of "${stopped.queue}" is ${stopped.state}`;
    const found = await serverProblem(() => (worker === null ? Promise.resolve() : worker.ping()));
    return isEnding ? 'the worker is ending' : found;
  }

  return {
    async check() {
      const reason = await problem();
      return { ready: reason === null, reason };
    },
    attach(running) {
      worker = running;
    },
    ending() {
      isEnding = true;
    },
  };
}

async function pingProblem(ping: () => Promise<void>): Promise<string | null> {
  try {
    await bounded(ANSWER_LIMIT_MS, new AbortController().signal, ping);
    return null;
  } catch (error) {
    return `Temporal does not answer: ${messageOf(error)}`;
  }
}
