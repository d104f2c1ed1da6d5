/** Histories in files, as `temporal workflow show --output json` and the Web UI's download write them. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { CutoverError } from '../../errors.ts';
import type { Recorded } from '../../replay/replay.ts';

/** CUTOVER_USAGE for a file that is no history. */
export async function* historyFiles(paths: readonly string[]): AsyncGenerator<Recorded, void, void> {
  for (const path of paths) {
    const history = await readHistory(path);
    const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
    yield {
      workflow_id: started?.workflowId || basename(path),
      run_id: started?.originalExecutionRunId || 'unknown',
      history,
    };
  }
}

async function readHistory(path: string): Promise<ReturnType<typeof historyFromJSON>> {
  try {
    const history = historyFromJSON(JSON.parse(await readFile(path, 'utf8')));
    if (history.events?.[0]?.workflowExecutionStartedEventAttributes != null) return history;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CutoverError('CUTOVER_USAGE', `${path} cannot be read as a history: ${why}`, { cause });
  }
  throw new CutoverError(
    'CUTOVER_USAGE',
    `${path} is no history: its first event starts no workflow. Write it with: temporal workflow show --output json`,
  );
}
