/** The deployments that the server knows, newest first. Visibility lags behind by up to a second or so. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { CutoverError } from '../errors.ts';
import { LEASE_WORKFLOW_TYPE, SEARCH_ATTRIBUTES, WORKFLOW_TYPE } from '../workflows/api.ts';
import { parseWorkflowId } from './deployment-id.ts';
import { beginWith, foldLeases, type ListedRun } from './list-fold.ts';
import { GRPC, grpcCode } from './rpc-errors.ts';
import { CALL_TIMEOUT_MS, coded, type Session } from './session.ts';
import { type DeploymentSummary, summaryOf } from './summary.ts';

export interface ListFilter {
  service?: string;
  environment?: string;
  /** Only those under way. */
  running?: boolean;
  /** At most so many. Default: 50. */
  limit?: number;
  /** Only those of one service, environment and target. */
  workflowId?: string;
}

const VALUE = /^[A-Za-z0-9][\w.-]*$/;
const MAX_PAGE = 1_000;
/** Types of a deployment's runs. */
const TYPES = `WorkflowType IN ('${WORKFLOW_TYPE}', '${LEASE_WORKFLOW_TYPE}')`;

/** CUTOVER_USAGE when the server lacks the search attributes, or a filter is no name. */
export async function listDeployments(session: Session, filter: ListFilter = {}): Promise<DeploymentSummary[]> {
  const { limit = 50 } = filter;
  // A deployment is two runs at most, and one more decides whether the last lease's first run is among them.
  const runs = await listRuns(session, visibilityQuery(filter), 2 * limit + 1);
  const { deployments, unfinished } = foldLeases(runs);
  const shown = deployments.slice(0, limit);
  const open = shown.filter((one) => unfinished.get(one.workflow_id) === one);
  if (open.length > 0) await findFirstRuns(session, open);
  return shown;
}

/** Of leases whose first run the filter left out, when and by whom they were started. */
async function findFirstRuns(session: Session, leases: readonly DeploymentSummary[]): Promise<void> {
  const ids = leases.map((lease) => `'${quotable(lease.workflow_id)}'`).join(', ');
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'ContinuedAsNew' AND WorkflowId IN (${ids})`;
  const runs = await listRuns(session, query, MAX_PAGE);
  for (const lease of leases) {
    const first = runs.find(
      ({ summary }) => summary.workflow_id === lease.workflow_id && summary.started_at <= lease.started_at,
    );
    if (first !== undefined) beginWith(lease, first.summary);
  }
}

async function listRuns(session: Session, query: string, atMost: number): Promise<ListedRun[]> {
  const found: ListedRun[] = [];
  try {
    await session.connection.withDeadline(Date.now() + 2 * CALL_TIMEOUT_MS, async () => {
      for await (const info of session.workflows.list({ query, pageSize: Math.min(atMost, MAX_PAGE) })) {
        found.push(listed(info));
        if (found.length >= atMost) return;
      }
    });
  } catch (error) {
    if (grpcCode(error) === GRPC.invalid_argument) throw attributesMissing(session, error);
    throw coded(session, error);
  }
  return found;
}

function listed(info: WorkflowExecutionInfo): ListedRun {
  return { summary: summaryOf(info), isLease: info.type === LEASE_WORKFLOW_TYPE };
}

export function visibilityQuery(filter: ListFilter): string {
  const parts = [TYPES, 'DeployService IS NOT NULL'];
  if (filter.workflowId !== undefined) parts.push(`WorkflowId = '${quotable(filter.workflowId)}'`);
  if (filter.service !== undefined) parts.push(`DeployService = '${name(filter.service)}'`);
  if (filter.environment !== undefined) parts.push(`DeployEnvironment = '${name(filter.environment)}'`);
  if (filter.running === true) parts.push("ExecutionStatus = 'Running'");
  return parts.join(' AND ');
}

/** A deployment's workflow ID consists of names. */
function quotable(workflowId: string): string {
  const named = parseWorkflowId(workflowId);
  if (named === null) throw new CutoverError('CUTOVER_USAGE', `\`${workflowId}\` is no deployment's workflow ID.`);
  for (const part of [named.service, named.environment, named.target]) if (part !== null) name(part);
  return workflowId;
}

/** The query language has quotes of its own, and a name needs none. */
function name(text: string): string {
  if (VALUE.test(text)) return text;
  throw new CutoverError('CUTOVER_USAGE', `\`${text}\` is no name of a service or environment.`);
}

function attributesMissing(session: Session, cause: unknown): CutoverError {
  const command = searchAttributeCommand(SEARCH_ATTRIBUTES);
  return new CutoverError(
    'CUTOVER_USAGE',
    `Namespace ${session.namespace} lacks the search attributes. Create them: ${command}`,
    { cause },
  );
}

/** What registers the search attributes. */
export function searchAttributeCommand(names: readonly string[]): string {
  const create = names.map((attribute) => `--name ${attribute} --type Keyword`).join(' ');
  return `temporal operator search-attribute create ${create}`;
}
