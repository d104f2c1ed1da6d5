/**
 * How long approvals have been waiting. When a phase began is not in the visibility store, so the run itself is asked,
 * once: it does not change while the run waits.
 */
import type { WorkflowClient } from '@temporalio/client';
import { bounded } from '../../activities/clock.ts';
import { type DeploymentStatus, WORKFLOW_TYPE } from '../../workflows/api.ts';

const WAITING = `WorkflowType="${WORKFLOW_TYPE}" AND ExecutionStatus="Running" AND DeployPhase="approval"`;
/** Runs looked at. */
const LIST_LIMIT = 200;
/** Runs asked in one round; the others follow in the next ones. */
const ASK_LIMIT = 20;
const ANSWER_LIMIT_MS = 2_000;

export interface Approvals {
  update(client: WorkflowClient): Promise<void>;
  /** 0: nobody is waited for. Null: somebody is, but none of those runs has answered yet. */
  oldestMs(nowMs: number): number | null;
}

export function createApprovals(): Approvals {
  /** Run id → when its approval was opened, epoch ms; null: it has not answered yet. */
  let waiting = new Map<string, number | null>();
  return {
    async update(client) {
      const found = new Map<string, number | null>();
      const unknown: { workflowId: string; runId: string }[] = [];
      for await (const { workflowId, runId } of client.list({ query: WAITING, pageSize: LIST_LIMIT })) {
        const known = waiting.get(runId) ?? null;
        found.set(runId, known);
        if (known === null) unknown.push({ workflowId, runId });
        if (found.size >= LIST_LIMIT) break;
      }
      const asked = unknown.slice(0, ASK_LIMIT);
      const answers = await Promise.all(asked.map((run) => openedAt(client, run)));
      for (const [index, { runId }] of asked.entries()) found.set(runId, answers[index] ?? null);
      waiting = found;
    },
    oldestMs(nowMs) {
      if (waiting.size === 0) return 0;
      const opened = [...waiting.values()].filter((atMs) => atMs !== null);
      return opened.length === 0 ? null : Math.max(0, nowMs - Math.min(...opened));
    },
  };
}

/** Null: it does not answer now (no worker has it), or has left the approval meanwhile. */
async function openedAt(client: WorkflowClient, run: { workflowId: string; runId: string }): Promise<number | null> {
  try {
    const status = await bounded(ANSWER_LIMIT_MS, new AbortController().signal, () =>
      client.getHandle(run.workflowId, run.runId).query<DeploymentStatus>('status'),
    );
    const approval = status.phases.find(({ name }) => name === 'approval');
    return approval?.state === 'running' && approval.started_at !== null ? Date.parse(approval.started_at) : null;
  } catch {
    return null;
  }
}
