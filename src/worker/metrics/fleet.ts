/**
 * All deployments of the namespace, as Temporal's visibility store counts them: the same on every worker. Asked every
 * 15 s, not at every scrape.
 */
import type { WorkflowClient } from '@temporalio/client';
import { Gauge, type Registry } from 'prom-client';
import { bounded } from '../../activities/clock.ts';
import { WORKFLOW_TYPE } from '../../workflows/api.ts';
import { type Approvals, createApprovals } from './approvals.ts';
import { OPEN_PHASES, OUTCOMES } from './names.ts';

const EVERY_MS = 15_000;
/** For all questions of one round together. */
const ROUND_LIMIT_MS = 10_000;
/** Figures older than this are left out: none is better than a wrong one. */
const STALE_MS = 60_000;

const OPEN = `WorkflowType="${WORKFLOW_TYPE}" AND ExecutionStatus="Running"`;
/** A run that continues as new into its lease is the same deployment, which has not closed yet. */
const CLOSED =
  `WorkflowType="${WORKFLOW_TYPE}" AND ExecutionStatus!="Running"` +
  ' AND (ExecutionStatus!="ContinuedAsNew" OR DeployPhase="closed")';

interface Count {
  phase: string;
  outcome: string;
  count: number;
}

export interface Fleet {
  /** Asks now, and then every 15 s until the signal is aborted. A round that fails is tried again at the next. */
  follow(client: WorkflowClient, signal: AbortSignal): Promise<void>;
}

export function createFleet(registry: Registry, onError: (error: unknown) => void): Fleet {
  let counts: Count[] = [];
  let readAtMs: number | null = null;
  const approvals = createApprovals();
  addGauges(registry, {
    counts: () => (isFresh(readAtMs) ? counts : []),
    waitingMs: () => (isFresh(readAtMs) ? approvals.oldestMs(Date.now()) : null),
    readAtMs: () => readAtMs,
  });

  async function round(client: WorkflowClient): Promise<void> {
    const deadlineMs = Date.now() + ROUND_LIMIT_MS;
    await client.withDeadline(deadlineMs, async () => {
      counts = await countAll(client);
      await approvals.update(client);
    });
    readAtMs = Date.now();
  }

  return {
    async follow(client, signal) {
      while (!signal.aborted) {
        // The deadline alone does not end a call to a server that is gone: the SDK goes on trying for a while.
        await bounded(ROUND_LIMIT_MS, signal, () => round(client)).catch((error: unknown) => {
          if (!signal.aborted) onError(error);
        });
        await pause(EVERY_MS, signal);
      }
    },
  };
}

async function countAll(client: WorkflowClient): Promise<Count[]> {
  const { count: open } = await client.count(OPEN);
  const phases = OPEN_PHASES.map(async (phase) => {
    const { count } = open === 0 ? { count: 0 } : await client.count(`${OPEN} AND DeployPhase="${phase}"`);
    return { phase, outcome: '', count };
  });
  const closed = OUTCOMES.map(async (outcome) => {
    const { count } = await client.count(`${CLOSED} AND DeployOutcome="${outcome}"`);
    return { phase: 'closed', outcome, count };
  });
  return Promise.all([...phases, ...closed]);
}

function isFresh(readAtMs: number | null): boolean {
  return readAtMs !== null && Date.now() - readAtMs < STALE_MS;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

interface Figures {
  counts(): Count[];
  waitingMs(): ReturnType<Approvals['oldestMs']>;
  readAtMs(): number | null;
}

function addGauges(registry: Registry, figures: Figures): void {
  const registers = [registry];
  new Gauge({
    ...{ name: 'cutover_deployments', help: 'Deployments, open by phase and closed by outcome.', registers },
    labelNames: ['phase', 'outcome'] as const,
    collect() {
      this.reset();
      for (const { phase, outcome, count } of figures.counts()) this.set({ phase, outcome }, count);
    },
  });
  const seconds = (name: string, help: string, read: () => number | null) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        const ms = read();
        if (ms === null) this.remove();
        else this.set(ms / 1_000);
      },
    });
  seconds(
    'cutover_oldest_unanswered_approval_seconds',
    'For how long the approval that waits longest has been open; 0: none is.',
    figures.waitingMs,
  );
  seconds(
    'cutover_deployments_read_timestamp_seconds',
    'When the deployments were last counted, Unix time.',
    figures.readAtMs,
  );
}
