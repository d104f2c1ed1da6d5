/** What `--report FILE` writes. Times in milliseconds; null where a figure does not apply. */
import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CutoverError } from '../../errors.ts';
import type { Outcome } from '../../workflows/api.ts';

export interface DeploymentReport {
  version: string;
  outcome: Outcome | null;
  /** In the workflow's history. */
  events: number | null;
  /** Percent of the traffic. */
  max_share_before_switch: number;
  served: number;
  failed: number;
  /** The candidate's first bad answer → rollback requested. */
  detect_ms: number | null;
  /** Rollback requested → the last request that the candidate answered was sent. */
  rollback_ms: number | null;
  /** Worker killed → the first tick that was judged after it. */
  resumed_after_ms: number | null;
}

export interface DemoReport {
  seconds: number;
  /** Sent by the clients, from before the first deployment to after the last. */
  requests: number;
  /** Seen failing by the clients. */
  failed: number;
  web_ui: string;
  deployments: DeploymentReport[];
}

/** Before a minute and a half of work: CUTOVER_USAGE when the file's folder cannot be written to. */
export async function checkReportFile(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new CutoverError('CUTOVER_USAGE', `The report ${file} cannot be written there.`, { cause });
  }
}

export async function writeReport(file: string, report: DemoReport): Promise<void> {
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}
