/** One deployment, from its start to its end, with everything that people and fate do to it meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CutoverError } from '../../errors.ts';
import type { Plan } from '../../plan/types.ts';
import type { DeploymentHandle } from '../cutover-client.ts';
import type { LiveStatus } from '../live-status.ts';
import { words } from '../render/text.ts';
import type { Play } from './plays.ts';
import type { Stage } from './stage.ts';

export interface Performance {
  /** Closed, and the workflow's own answer. */
  status: LiveStatus;
  startedMs: number;
  /** Worker killed → the first tick that was judged after it; null: it was not killed, or nobody judged again. */
  resumedAfterMs: number | null;
}

export interface Audience {
  started(handle: DeploymentHandle): void;
  looked(before: LiveStatus | null, after: LiveStatus): void;
  workerKilled(pid: number): void;
  resumed(afterMs: number): void;
}

const APPROVER = 'ana@example.com';
const LOOK_MS = 200;
/** Each takes some 10 to 30 s. */
const LIMIT_MS = 120_000;
/** Ticks judged in the observation before the worker is killed. */
const TICKS_BEFORE_KILL = 2;

export async function perform(
  stage: Stage,
  play: Play,
  plan: Plan,
  audience: Audience,
  signal: AbortSignal,
): Promise<Performance> {
  const startedMs = Date.now();
  const handle = await stage.client.start(plan, { startedBy: 'dana@example.com' });
  audience.started(handle);
  const act = createActor(stage, play, handle.workflow_id, audience);
  const limit = AbortSignal.timeout(LIMIT_MS);
  let last: LiveStatus | null = null;
  for await (const status of handle.watch({ intervalMs: LOOK_MS, signal: AbortSignal.any([signal, limit]) })) {
    audience.looked(last, status);
    last = status;
    await act.on(status);
  }
  signal.throwIfAborted();
  if (limit.aborted) {
    const phase = words(last?.phase ?? 'claim');
    throw new CutoverError('CUTOVER_INTERNAL', `${play.version} is still in ${phase} after ${LIMIT_MS / 1_000} s.`);
  }
  return { status: await lastAnswer(handle, last), startedMs, resumedAfterMs: act.resumedAfterMs() };
}

interface Actor {
  on(status: LiveStatus): Promise<void>;
  resumedAfterMs(): number | null;
}

/** Does each thing once, at its moment. */
function createActor({ client, killWorker }: Stage, play: Play, id: string, audience: Audience): Actor {
  const done = new Set<string>();
  let killedMs: number | null = null;
  let resumedAfterMs: number | null = null;
  const once = async (name: string, act: () => Promise<unknown>) => {
    if (done.has(name)) return;
    done.add(name);
    await act();
  };

  async function killInObservation(status: LiveStatus): Promise<void> {
    if (!play.killWorker || status.phase !== 'observation') return;
    const judgedMs = status.live.evidence === null ? 0 : Date.parse(status.live.evidence.at);
    if (killedMs !== null) {
      if (resumedAfterMs !== null || judgedMs <= killedMs) return;
      resumedAfterMs = judgedMs - killedMs;
      return audience.resumed(resumedAfterMs);
    }
    const startedAt = status.phases.find(({ name }) => name === 'observation')?.started_at ?? null;
    const isObservations = startedAt !== null && judgedMs > Date.parse(startedAt);
    if (!isObservations || (status.live.evidence?.coverage.judged ?? 0) < TICKS_BEFORE_KILL) return;
    const pid = killWorker();
    killedMs = Date.now();
    audience.workerKilled(pid);
  }

  return {
    resumedAfterMs: () => resumedAfterMs,
    async on(status) {
      if (status.approval?.state === 'pending' && status.phase === 'approval') {
        await once('approve', () => client.approve(id, { by: APPROVER, reason: 'the figures look good' }));
      }
      await killInObservation(status);
      if (status.phase !== 'lease') return;
      if (play.inLease === 'release') await once('release', () => client.release(id, { by: APPROVER }));
      else {
        const reason = 'customers miss the old page';
        await once('rollback', () => client.rollback(id, { by: APPROVER, reason }));
      }
    },
  };
}

/** A closed run is answered for by any worker, unless it is busy at that very moment. */
async function lastAnswer(handle: DeploymentHandle, last: LiveStatus | null): Promise<LiveStatus> {
  let status = last ?? (await handle.status());
  for (let attempt = 0; attempt < 5 && !status.live.answered; attempt += 1) {
    await sleep(LOOK_MS);
    status = await handle.status();
  }
  return status;
}
