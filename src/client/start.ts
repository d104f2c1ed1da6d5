/** Starting a deployment: its workflow ID is the lock of the service, and a refusal tells who holds it. */
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CutoverError } from '../errors.ts';
import { formatDuration } from '../plan/duration.ts';
import { NOT_BUILT_CODES, type Problem } from '../plan/problems.ts';
import { findNotBuilt } from '../plan/rules/not-built.ts';
import type { Plan } from '../plan/types.ts';
import { type DeploymentInput, deploymentWorkflowId, TASK_QUEUE, WORKFLOW_TYPE } from '../workflows/api.ts';
import { shortId } from './deployment-id.ts';
import { planDetails, planSummary } from './render/plan-details.ts';
import { DEPLOY_ENVIRONMENT, DEPLOY_PHASE, DEPLOY_SERVICE } from './search-attributes.ts';
import { bounded, runUrl, type Session } from './session.ts';
import { readStatus } from './status.ts';

/** A lost worker's workflow task is given to another one after this long. */
const WORKFLOW_TASK_TIMEOUT = '2s';

export interface StartedDeployment {
  workflow_id: string;
  run_id: string;
  service: string;
  environment: string;
  version: string;
  /** The run's page in the Web UI; null: the UI's address is unknown. */
  url: string | null;
}

/**
 * CUTOVER_ALREADY_RUNNING while another deployment of the service is open. When the answer to the call was lost, the
 * same happens at the second try, and names the run that the first one started.
 */
export async function startDeployment(session: Session, plan: Plan, startedBy: string): Promise<StartedDeployment> {
  const workflowId = deploymentWorkflowId(plan);
  const handle = await bounded(session, () =>
    startWorkflow(session, workflowId, plan, startedBy).catch((error: unknown) => {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
      throw error;
    }),
  );
  if (handle === null) throw await alreadyRunning(session, workflowId);
  const runId = handle.firstExecutionRunId;
  return {
    workflow_id: workflowId,
    run_id: runId,
    service: plan.service,
    environment: plan.environment,
    version: plan.version,
    url: runUrl(session, workflowId, runId),
  };
}

/** What this version cannot run is refused before anything is started; `warnings`, when known, have places. */
export function refuseUnbuilt(plan: Plan, warnings: readonly Problem[] | null): void {
  const found: readonly Pick<Problem, 'code' | 'message'>[] = warnings ?? findNotBuilt(plan);
  const missing = found.filter((warning) => NOT_BUILT_CODES.includes(warning.code));
  const [first] = missing;
  if (first === undefined) return;
  const more = missing.length === 1 ? '' : ` (and ${missing.length - 1} more)`;
  throw new CutoverError(first.code, `This version cannot run the plan: ${first.message}${more}`, {
    details: { problems: missing },
  });
}

function startWorkflow(
  session: Session,
  workflowId: string,
  plan: Plan,
  startedBy: string,
): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const input: DeploymentInput = { plan, started_by: startedBy };
  return session.workflows.start(WORKFLOW_TYPE, {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    staticSummary: planSummary(plan),
    staticDetails: planDetails(plan, startedBy),
    typedSearchAttributes: [
      { key: DEPLOY_SERVICE, value: plan.service },
      { key: DEPLOY_ENVIRONMENT, value: plan.environment },
      { key: DEPLOY_PHASE, value: 'claim' },
    ],
    memo: { version: plan.version, service: plan.service, environment: plan.environment, started_by: startedBy },
  });
}

async function alreadyRunning(session: Session, workflowId: string): Promise<CutoverError> {
  const id = shortId(workflowId);
  const status = await readStatus(session, workflowId).catch(() => null);
  if (status === null) return new CutoverError('CUTOVER_ALREADY_RUNNING', `A deployment of ${id} is running.`);
  const sinceMs = Math.max(0, Date.now() - Date.parse(status.started_at));
  const since = formatDuration(Math.floor(sinceMs / 1_000) * 1_000);
  const phase = status.phase.replaceAll('_', ' ');
  const message = `${id} is being deployed: ${status.version} by ${status.started_by}, ${since} ago, now in ${phase}. See it: cutover status ${id}`;
  return new CutoverError('CUTOVER_ALREADY_RUNNING', message, {
    details: { workflow_id: workflowId, run_id: status.run_id, version: status.version, phase: status.phase },
  });
}
