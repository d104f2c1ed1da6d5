/** Assembly: histories replayed on this build's workflow code, one after the other. No server is asked anything. */
import { existsSync } from 'node:fs';
import { devNull } from 'node:os';
import type { HistoryAndWorkflowId } from '@temporalio/client';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { builtPath } from '../package-root.ts';
import { BUNDLE_FILE, workflowsPath } from '../worker/bundle.ts';
import { createLog, installRuntime } from '../worker/logging.ts';
import { SILENT_SINKS } from '../worker/metrics/meters.ts';

export interface RecordedRun {
  workflow_id: string;
  run_id: string;
}

/** What is to be replayed: a history, or why there is none. */
export type Recorded = RecordedRun & ({ history: HistoryAndWorkflowId['history'] } | { problem: string });

/**
 * - `ok`: this build takes the same steps. `broken`: it does not, or cannot; a worker of this build would hold the run up.
 * - `unreadable`: there was no history to replay.
 */
export interface Replayed extends RecordedRun {
  result: 'ok' | 'broken' | 'unreadable';
  reason: string | null;
}

/** Once per process: what the SDK logs of a broken replay is in its result. */
export async function quietly(): Promise<void> {
  await installRuntime(createLog('error', devNull), false);
}

/** Takes the next history when the last one is through, so that one at a time is in memory. */
export async function* replayAll(
  recorded: AsyncIterable<Recorded>,
  workflowBundle?: WorkflowBundleOption,
): AsyncGenerator<Replayed, void, void> {
  const passedOver: Replayed[] = [];
  let current: RecordedRun = { workflow_id: '', run_id: '' };
  async function* histories(): AsyncGenerator<HistoryAndWorkflowId, void, void> {
    for await (const one of recorded) {
      const { workflow_id, run_id } = one;
      if ('problem' in one) {
        passedOver.push({ workflow_id, run_id, result: 'unreadable', reason: one.problem });
        continue;
      }
      current = { workflow_id, run_id };
      yield { workflowId: workflow_id, history: one.history };
    }
  }
  const code = workflowBundle === undefined ? builtCode() : { workflowBundle };
  for await (const { error } of Worker.runReplayHistories({ ...code, sinks: SILENT_SINKS }, histories())) {
    yield* passedOver.splice(0);
    yield {
      ...current,
      result: error === undefined ? 'ok' : 'broken',
      reason: error === undefined ? null : reasonOf(error),
    };
  }
  yield* passedOver;
}

/** The SDK's message quotes Core's whole failure; what went wrong is the first message in it. */
export function reasonOf({ message }: Error): string {
  const quoted = /message: "((?:[^"\\]|\\.)+)"/.exec(message)?.[1];
  return quoted === undefined ? message : quoted.replace(/^\[\w+\] /, '').replaceAll('\\"', '"');
}

function builtCode(): { workflowBundle: WorkflowBundleOption } | { workflowsPath: string } {
  const codePath = builtPath(BUNDLE_FILE);
  return existsSync(codePath) ? { workflowBundle: { codePath } } : { workflowsPath: workflowsPath() };
}
