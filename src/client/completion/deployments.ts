/** Names of deployments for the one who presses Tab, in time or not at all. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CutoverClient } from '../cutover-client.ts';
import { DEFAULT_ENVIRONMENT, shortId } from '../deployment-id.ts';
import type { DeploymentSummary } from '../summary.ts';
import type { Candidate } from './answer.ts';

const PATIENCE_MS = 1_000;
const CONNECT_TIMEOUT_MS = 700;
const MAX_LISTED = 200;

/** Each deployment once, the newest first; empty when Temporal does not answer within a second of being asked. */
export async function deploymentCandidates(prefix: string): Promise<Candidate[]> {
  const loaded = await import('../cutover-client.ts');
  const tooLate = sleep(PATIENCE_MS, [], { ref: false });
  const listed = listAll(loaded.CutoverClient).catch(() => []);
  return candidatesOf(await Promise.race([listed, tooLate]), prefix);
}

async function listAll(clients: typeof CutoverClient): Promise<DeploymentSummary[]> {
  const client = await clients.connect({ connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    return await client.list({ limit: MAX_LISTED });
  } finally {
    await client.close();
  }
}

/** `checkout` in production, `staging/checkout` elsewhere: what is typed without options. */
export function candidatesOf(deployments: readonly DeploymentSummary[], prefix: string): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const { workflow_id, environment, version, phase } of deployments) {
    const full = shortId(workflow_id);
    const isShort = environment === DEFAULT_ENVIRONMENT && !prefix.includes('/');
    const value = isShort ? full.slice(environment.length + 1) : full;
    if (!value.startsWith(prefix) || found.has(value)) continue;
    found.set(value, { value, note: `${version ?? '?'}, ${phase.replaceAll('_', ' ')}` });
  }
  return [...found.values()];
}
