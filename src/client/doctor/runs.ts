/** Open deployments that nobody takes care of. */
import { formatDuration } from '../../plan/duration.ts';
import { shortId } from '../deployment-id.ts';
import { visibilityQuery } from '../list.ts';
import { rootMessage } from '../rpc-errors.ts';
import { bounded, type Session } from '../session.ts';
import { type Check, failed, ok, some, warning } from './check.ts';
import { type OpenRun, readRun } from './open-run.ts';
import type { Poller } from './pollers.ts';

/** More are not looked at one by one. */
const MAX_RUNS = 200;
const AT_ONCE = 8;
const LIST_LIMIT_MS = 10_000;
/** A task that is not taken for so long is not about to be taken. */
const PENDING_MS = 10_000;
/** A watcher's heartbeat comes every second, and without it another worker gets the watcher after 5 s. */
const SILENT_MS = 30_000;
/** One or two may be lost with their worker. */
const MAX_ATTEMPTS = 3;
const LONG_WAIT_MS = 3_600_000;

export async function checkRuns(session: Session, workflowPollers: readonly Poller[] | null): Promise<Check[]> {
  try {
    const { runs, isCut } = await openRuns(session);
    const nowMs = Date.now();
    const known = isCut ? `the newest ${runs.length}` : `${runs.length}`;
    return [
      ok('open runs', runs.length === 0 ? 'none' : known),
      judgeOrphans(runs, workflowPollers, nowMs),
      judgeTasks(runs),
      judgeWatchers(runs, nowMs),
      judgeApprovals(runs, nowMs),
    ];
  } catch (error) {
    return [warning('open runs', `cannot be read: ${rootMessage(error)}`, 'Run it again when queries are answered.')];
  }
}

/** Runs that no worker can go on with: their build has no poller, or their workflow task waits. */
export function judgeOrphans(runs: readonly OpenRun[], pollers: readonly Poller[] | null, nowMs: number): Check {
  const name = 'runs without a poller';
  const stranded = runs.filter(
    ({ pinned_to }) => pinned_to !== null && pollers !== null && !hasPoller(pinned_to, pollers),
  );
  const [first] = stranded;
  if (first !== undefined) {
    const named = stranded.map((run) => `${shortId(run.workflow_id)} (build ${run.pinned_to?.build_id})`);
    const command = `temporal workflow update-options --workflow-id ${first.workflow_id} --versioning-override-behavior auto_upgrade`;
    const fix = `Start a worker of that build again, or move the run to the current one (first: cutover replay): ${command}`;
    return failed(name, `their build has no poller: ${some(named)}`, fix);
  }
  const waiting = runs.filter(
    ({ task_waits_since_ms }) => task_waits_since_ms !== null && nowMs - task_waits_since_ms > PENDING_MS,
  );
  if (waiting.length === 0) return ok(name, 'none');
  const named = waiting.map((run) => `${shortId(run.workflow_id)} (${since(nowMs, run.task_waits_since_ms)})`);
  return failed(
    name,
    `their workflow task waits: ${some(named)}`,
    'Start a worker, or look into its log: cutover worker',
  );
}

/** Runs whose workflow task fails again and again: their worker's build cannot go on with them. */
export function judgeTasks(runs: readonly OpenRun[]): Check {
  const name = 'failing workflow tasks';
  const failing = runs.filter(({ task_attempt }) => task_attempt > MAX_ATTEMPTS);
  if (failing.length === 0) return ok(name, 'none');
  const named = failing.map((run) => `${shortId(run.workflow_id)} (attempt ${run.task_attempt})`);
  const fix = 'Read the log of the worker, and try its build: cutover replay. The run goes on with a build that fits.';
  return failed(name, some(named), fix);
}

/** Watchers that no worker runs: time goes by unwatched, and their windows will be lengthened by it. */
export function judgeWatchers(runs: readonly OpenRun[], nowMs: number): Check {
  const name = 'watchers not running';
  const lost = runs.filter(({ watchers }) =>
    watchers.some(({ is_running, seen_ms }) => nowMs - seen_ms > (is_running ? SILENT_MS : PENDING_MS)),
  );
  if (lost.length === 0) return ok(name, 'none');
  const fix = 'Start a worker, or give it more slots (--watch-slots): every one may be taken.';
  return failed(name, `nobody is watching ${some(lost.map((run) => shortId(run.workflow_id)))}`, fix);
}

export function judgeApprovals(runs: readonly OpenRun[], nowMs: number): Check {
  const name = 'oldest unanswered approval';
  const asked = runs
    .filter(({ approval }) => approval !== null)
    .sort((one, other) => (one.approval?.since_ms ?? 0) - (other.approval?.since_ms ?? 0));
  const [oldest] = asked;
  if (oldest?.approval == null) return ok(name, 'none');
  const { since_ms, waits_for, is_exact } = oldest.approval;
  const id = shortId(oldest.workflow_id);
  const detail = `${id} has waited ${is_exact ? '' : 'at most '}${since(nowMs, since_ms)} for ${waits_for}`;
  return nowMs - since_ms < LONG_WAIT_MS ? ok(name, detail) : warning(name, detail, `cutover status ${id}`);
}

function hasPoller(build: NonNullable<OpenRun['pinned_to']>, pollers: readonly Poller[]): boolean {
  return pollers.some(
    (poller) => poller.build?.deployment === build.deployment && poller.build.build_id === build.build_id,
  );
}

function since(nowMs: number, atMs: number | null): string {
  return formatDuration(Math.max(0, Math.round((nowMs - (atMs ?? nowMs)) / 1_000)) * 1_000);
}

async function openRuns(session: Session): Promise<{ runs: OpenRun[]; isCut: boolean }> {
  const listed: { workflowId: string; runId: string; startMs: number; phase: string | null }[] = [];
  const query = visibilityQuery({ running: true });
  await bounded(
    session,
    async () => {
      for await (const info of session.workflows.list({ query, pageSize: MAX_RUNS + 1 })) {
        const phase = info.searchAttributes.DeployPhase?.[0];
        listed.push({
          workflowId: info.workflowId,
          runId: info.runId,
          startMs: info.startTime.getTime(),
          phase: typeof phase === 'string' ? phase : null,
        });
        if (listed.length > MAX_RUNS) return;
      }
    },
    { timeoutMs: LIST_LIMIT_MS },
  );
  const runs: OpenRun[] = [];
  for (let index = 0; index < Math.min(listed.length, MAX_RUNS); index += AT_ONCE) {
    const some = listed.slice(index, Math.min(index + AT_ONCE, MAX_RUNS));
    // A run that has ended meanwhile is nobody's trouble.
    const read = await Promise.all(some.map((one) => readRun(session, one).catch(() => null)));
    runs.push(...read.filter((run) => run !== null));
  }
  return { runs, isCut: listed.length > MAX_RUNS };
}
