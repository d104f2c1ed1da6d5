/** The histories of the runs that are open now, fetched one by one as they are asked for. */
import type { Recorded } from '../../replay/replay.ts';
import { type ListFilter, visibilityQuery } from '../list.ts';
import { rootMessage } from '../rpc-errors.ts';
import { bounded, coded, type Session } from '../session.ts';

const HISTORY_LIMIT_MS = 15_000;
const PAGE = 100;

/** A run that ends while it is being read has a history all the same. Throws when the server cannot list. */
export async function* openRuns(session: Session, filter: ListFilter): AsyncGenerator<Recorded, void, void> {
  const query = visibilityQuery({ ...filter, running: true });
  const runs = session.workflows.list({ query, pageSize: PAGE })[Symbol.asyncIterator]();
  for (;;) {
    const next = await listed(session, () => runs.next());
    if (next.done === true) return;
    const { workflowId, runId } = next.value;
    yield { workflow_id: workflowId, run_id: runId, ...(await fetch(session, workflowId, runId)) };
  }
}

async function listed<T>(session: Session, call: () => Promise<T>): Promise<T> {
  try {
    return await session.connection.withDeadline(Date.now() + HISTORY_LIMIT_MS, call);
  } catch (error) {
    throw coded(session, error);
  }
}

async function fetch(
  session: Session,
  workflowId: string,
  runId: string,
): Promise<Pick<Extract<Recorded, { history: unknown }>, 'history'> | { problem: string }> {
  try {
    const handle = session.workflows.getHandle(workflowId, runId);
    return {
      history: await bounded(session, () => handle.fetchHistory(), { timeoutMs: HISTORY_LIMIT_MS, workflowId }),
    };
  } catch (error) {
    return { problem: `its history cannot be read: ${rootMessage(error)}` };
  }
}
