/** One run of the workflow: what is recorded of it, and its instance, which can be rebuilt from that. */
import type { Scheduled } from './attempt.ts';
import type { Command, Engine, Instance, Job, Start } from './engine.ts';
import { canonical, decode, encode, failureText } from './payloads.ts';

/** One activation: what the workflow was told and what it did, in one instant. */
export interface Turn {
  runId: string;
  atMs: number;
  jobs: Job[];
  commands: Command[];
  scheduled: Scheduled[];
}

export type Payloads = ReturnType<typeof encode>[];

interface Recorded {
  atMs: number;
  jobs: Job[];
  commands: string;
  /** Changes of the workflow code that this activation was the first to go by, which a replay is told of beforehand. */
  patchIds: string[];
}

export interface OpenRun {
  start: Start;
  history: Recorded[];
  /** As of the last recorded activation. */
  status: string | null;
  /** What the workflow is told with its next task. */
  pending: Job[];
  timers: Map<number, () => void>;
  /** Null: no worker has it in memory. */
  instance: Instance | null;
}

export function openRun(start: Start, args: Payloads): OpenRun {
  const { workflowType, workflowId } = start;
  const initializeWorkflow = { workflowType, workflowId, arguments: args };
  return { start, history: [], status: null, pending: [{ initializeWorkflow }], timers: new Map(), instance: null };
}

/** Rejected updates leave nothing in history. */
export function record(run: OpenRun, { jobs, commands, atMs }: Turn): void {
  const rejected = new Set(
    commands.flatMap(({ updateResponse: told }) => (told?.rejected == null ? [] : [told.protocolInstanceId])),
  );
  // An update that was accepted and then failed was not refused by its validator.
  for (const { updateResponse: told } of commands) if (told?.accepted != null) rejected.delete(told.protocolInstanceId);
  const kept = jobs.filter(({ doUpdate }) => doUpdate == null || !rejected.has(doUpdate.protocolInstanceId));
  if (kept.length === 0) return;
  const made = commands.filter(({ updateResponse: told }) => told == null || !rejected.has(told.protocolInstanceId));
  const patchIds = made.flatMap(({ setPatchMarker }) => setPatchMarker?.patchId ?? []);
  run.history.push({ jobs: kept, atMs, commands: canonical(made), patchIds });
}

/** The instance; a new one is rebuilt from what is recorded, which must lead to the very same commands and status. */
export async function instanceOf(engine: Engine, run: OpenRun): Promise<Instance> {
  run.instance ??= await rebuilt(engine, run);
  return run.instance;
}

async function rebuilt(engine: Engine, { start, history, status }: OpenRun): Promise<Instance> {
  const instance = await engine.create(start);
  for (const { atMs, jobs, commands, patchIds } of history) {
    const known = patchIds.map((patchId): Job => ({ notifyHasPatch: { patchId } }));
    const again = canonical(await instance.activate(inCoreOrder([...known, ...jobs.map(asReplayed)]), atMs, true));
    if (again !== commands) throw new Error(`invariant 10: replayed differently: ${again} instead of ${commands}`);
  }
  const again = history.length === 0 ? status : canonical(await queryOf(instance, 'status'));
  if (again !== status) throw new Error(`invariant 10: replayed to another status: ${again} instead of ${status}`);
  return instance;
}

function asReplayed(job: Job): Job {
  return job.doUpdate == null ? job : { doUpdate: { ...job.doUpdate, runValidator: false } };
}

export async function forget(run: OpenRun): Promise<void> {
  const { instance } = run;
  run.instance = null;
  await instance?.dispose();
}

export async function queryOf(instance: Instance, queryType: string): Promise<unknown> {
  const job = { queryWorkflow: { queryId: 'q', queryType, arguments: [], headers: {} } };
  const [answered] = await instance.activate([job], 0, false);
  const { succeeded, failed } = answered?.respondToQuery ?? {};
  if (succeeded == null) throw new Error(`${queryType}: ${failureText(failed)}`);
  return decode(succeeded.response);
}

/** The start, then known changes of the code, messages, and all else, each in the order in which it came. */
export function inCoreOrder(jobs: Job[]): Job[] {
  return jobs
    .map((job, index) => ({ job, index }))
    .sort((a, b) => rankOf(a.job) - rankOf(b.job) || a.index - b.index)
    .map(({ job }) => job);
}

function rankOf({ initializeWorkflow, notifyHasPatch, signalWorkflow, doUpdate }: Job): number {
  if (initializeWorkflow != null) return 0;
  if (notifyHasPatch != null) return 1;
  return signalWorkflow != null || doUpdate != null ? 2 : 3;
}

export function encodeAll(values: unknown[]): Payloads {
  return values.map(encode);
}
