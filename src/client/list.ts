/** The deployments that the server knows, newest first. Visibility lags behind by up to a second or so. */
import { CutoverError } from '../errors.ts';
import { WORKFLOW_TYPE } from '../workflows/api.ts';
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
}

const VALUE = /^[A-Za-z0-9][\w.-]*$/;

/** CUTOVER_USAGE when the server lacks the search attributes, or a filter is no name. */
export async function listDeployments(session: Session, filter: ListFilter = {}): Promise<DeploymentSummary[]> {
  const { limit = 50 } = filter;
  const query = visibilityQuery(filter);
  const found: DeploymentSummary[] = [];
  try {
    await session.connection.withDeadline(Date.now() + 2 * CALL_TIMEOUT_MS, async () => {
      for await (const info of session.workflows.list({ query, pageSize: Math.min(limit, 1_000) })) {
        found.push(summaryOf(info));
        if (found.length >= limit) return;
      }
    });
  } catch (error) {
    if (grpcCode(error) === GRPC.invalid_argument) throw attributesMissing(session, error);
    throw coded(session, error);
  }
  return found;
}

export function visibilityQuery(filter: ListFilter): string {
  const parts = [`WorkflowType = '${WORKFLOW_TYPE}'`, 'DeployService IS NOT NULL'];
  if (filter.service !== undefined) parts.push(`DeployService = '${name(filter.service)}'`);
  if (filter.environment !== undefined) parts.push(`DeployEnvironment = '${name(filter.environment)}'`);
  if (filter.running === true) parts.push("ExecutionStatus = 'Running'");
  return parts.join(' AND ');
}

/** The query language has quotes of its own, and a name needs none. */
function name(text: string): string {
  if (VALUE.test(text)) return text;
  throw new CutoverError('CUTOVER_USAGE', `\`${text}\` is no name of a service or environment.`);
}

function attributesMissing(session: Session, cause: unknown): CutoverError {
  const create = ['DeployService', 'DeployEnvironment', 'DeployPhase', 'DeployOutcome']
    .map((attribute) => `--name ${attribute} --type Keyword`)
    .join(' ');
  return new CutoverError(
    'CUTOVER_USAGE',
    `Namespace ${session.namespace} lacks the search attributes. Create them: temporal operator search-attribute create ${create}`,
    { cause },
  );
}
