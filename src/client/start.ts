/**
 * Starting a deployment: its workflow ID is the lock of the service. A service whose last deployment is in its lease is
 * taken over, without letting go of the lock; any other refusal tells who holds it.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { CutoverError } from '../errors.ts';
import { NOT_BUILT_CODES, type Problem } from '../plan/problems.ts';
import { findNotBuilt } from '../plan/rules/not-built.ts';
import type { Plan } from '../plan/types.ts';
import { type DeploymentInput, deploymentWorkflowId, TASK_QUEUE, WORKFLOW_TYPE } from '../workflows/api.ts';
import { isClosed } from './live-status.ts';
import { planDetails, planSummary } from './render/plan-details.ts';
import { DEPLOY_ENVIRONMENT, DEPLOY_PHASE, DEPLOY_SERVICE } from './search-attributes.ts';
import { bounded, runUrl, type Session } from './session.ts';
import { readStatus } from './status.ts';
import { type DeploymentStart, type Holder, type TakenOver, takeOver } from './take-over.ts';

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
  /** Null: nothing was in the way. */
  took_over: TakenOver | null;
}

export interface StartOptions {
  startedBy: string;
  /** The same id starts once: a start whose answer was lost can be sent again. Default: a new one. */
  requestId?: string;
}

/**
 * CUTOVER_ALREADY_RUNNING while another deployment of the service is open, unless it is in its lease. When the answer
 * to the call was lost, the same happens at the second try, and names the run that the first one started; with the same
 * request id the second try finds the run that the first one started.
 */
export async function startDeployment(session: Session, plan: Plan, options: StartOptions): Promise<StartedDeployment> {
  const workflowId = deploymentWorkflowId(plan);
  const requestId = options.requestId ?? randomUUID();
  const input: DeploymentInput = { plan, started_by: options.startedBy, request_id: requestId };
  const start = startOptionsOf(workflowId, input);
  const started = await startedRun(session, start);
  const { runId, tookOver } =
    started === null
      ? await startBeside(session, start, input, options.requestId !== undefined)
      : { runId: started, tookOver: null };
  return {
    workflow_id: workflowId,
    run_id: runId,
    service: plan.service,
    environment: plan.environment,
    version: plan.version,
    url: runUrl(session, workflowId, runId),
    took_over: tookOver,
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

function startOptionsOf(workflowId: string, input: DeploymentInput): DeploymentStart {
  const { plan, started_by } = input;
  return {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    staticSummary: planSummary(plan),
    staticDetails: planDetails(plan, started_by),
    typedSearchAttributes: [
      { key: DEPLOY_SERVICE, value: plan.service },
      { key: DEPLOY_ENVIRONMENT, value: plan.environment },
      { key: DEPLOY_PHASE, value: 'claim' },
    ],
    memo: { version: plan.version, service: plan.service, environment: plan.environment, started_by },
  };
}

/** Where another run had the workflow ID: it may have closed since, and needs no worker's answer then. */
async function startBeside(
  session: Session,
  start: DeploymentStart,
  input: DeploymentInput,
  again: boolean,
): Promise<Holder> {
  const status = await readStatus(session, start.workflowId).catch(() => null);
  const started = status !== null && isClosed(status) ? await startedRun(session, start) : null;
  if (started !== null) return { runId: started, tookOver: null };
  return takeOver(session, start, input, { status, again });
}

/** Null: another run has the workflow ID. */
async function startedRun(session: Session, start: DeploymentStart): Promise<string | null> {
  const handle = await bounded(session, () =>
    session.workflows.start(WORKFLOW_TYPE, { ...start, workflowIdConflictPolicy: 'FAIL' }).catch((error: unknown) => {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
      throw error;
    }),
  );
  return handle?.firstExecutionRunId ?? null;
}
