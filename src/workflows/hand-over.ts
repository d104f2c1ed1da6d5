/**
 * Going on as a new run without letting go of the workflow ID: into the next deployment of the service, and, where
 * worker versioning is in use, from the observation into the lease.
 */
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  defineUpdate,
  makeContinueAsNewFunc,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type DeploymentInput,
  deploymentWorkflowId,
  LEASE_WORKFLOW_TYPE,
  START_UPDATE,
  type StartReceipt,
  type StartRequest,
  WORKFLOW_TYPE,
} from './api.ts';
import { publishDetails } from './details.ts';
import type { CarriedRun, Run } from './run.ts';

export interface LeaseInput {
  carried: CarriedRun;
}

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

/** Answers `start`: the lease is the one phase that the next deployment may end. */
export function registerStart(run: Run): void {
  setHandler(defineUpdate<StartReceipt, [request: StartRequest]>(START_UPDATE), (request) => takeOver(run, request), {
    validator: (request) => validateStart(run, request),
    description: 'The next deployment of the service; accepted in the lease',
  });
}

function takeOver(run: Run, request: StartRequest): StartReceipt {
  const { runId } = workflowInfo();
  if (isOwn(run, request)) return { taken_over: false, run_id: runId, version: run.plan.version };
  run.successor ??= request;
  publishDetails(run);
  return { taken_over: true, run_id: runId, version: run.plan.version };
}

function validateStart(run: Run, request: unknown): void {
  if (!isRequest(request)) refuse('CUTOVER_PLAN_INVALID', 'a start carries {plan, started_by}');
  if (isOwn(run, request) || isSame(run.successor, request)) return;
  const { workflowId } = workflowInfo();
  if (deploymentWorkflowId(request.plan) !== workflowId) {
    refuse('CUTOVER_PLAN_INVALID', `the plan is of ${deploymentWorkflowId(request.plan)}, not of ${workflowId}`);
  }
  if (run.successor !== null) {
    refuse('CUTOVER_ALREADY_RUNNING', `the deployment of ${run.successor.plan.version} takes over already`);
  }
  const why = run.pause === null ? null : `it is paused by ${run.pause.by}`;
  if (run.phase === 'lease' && run.interruption === null && !run.released && why === null) return;
  refuse(
    'CUTOVER_ALREADY_RUNNING',
    `${run.plan.version} is being deployed, now in ${run.phase}${why === null ? '' : `; ${why}`}`,
  );
}

function refuse(type: string, message: string): never {
  throw ApplicationFailure.create({ type, message, nonRetryable: true });
}

function isRequest(value: unknown): value is StartRequest {
  if (typeof value !== 'object' || value === null || !('plan' in value) || !('started_by' in value)) return false;
  const { plan, started_by } = value;
  return typeof started_by === 'string' && typeof plan === 'object' && plan !== null && 'service' in plan;
}

/** The run that this very `start` has started, whether by itself or by taking over. */
function isOwn(run: Run, { request_id }: StartRequest): boolean {
  return request_id !== undefined && request_id === run.startRequestId;
}

function isSame(successor: StartRequest | null, { request_id }: StartRequest): boolean {
  return successor !== null && request_id !== undefined && successor.request_id === request_id;
}

/** Never returns: the same workflow goes on with the next deployment's plan. */
export async function continueWithSuccessor(successor: StartRequest): Promise<never> {
  // Its answer is on its way by then: one that ends together with its run may be asked of the next one instead.
  await sleep(1, { summary: `hand over to ${successor.plan.version}` });
  const { plan, started_by } = successor;
  const attributes: SearchAttributePair[] = [
    { key: keyword('DeployService'), value: plan.service },
    { key: keyword('DeployEnvironment'), value: plan.environment },
    { key: keyword('DeployPhase'), value: 'claim' },
  ];
  const next = makeContinueAsNewFunc<(input: DeploymentInput) => Promise<unknown>>({
    workflowType: WORKFLOW_TYPE,
    memo: { version: plan.version, service: plan.service, environment: plan.environment, started_by },
    typedSearchAttributes: attributes,
    // The next deployment runs on the build that is current now, not on the one that this one was pinned to.
    ...(isVersioned() && { initialVersioningBehavior: 'AUTO_UPGRADE' as const }),
  });
  return next(successor);
}

/** Never returns: the lease, which may last for days, is a run of its own that follows the current build. */
export async function continueInLease(run: Run): Promise<never> {
  const { guard: _guard, servingSinceMs: _servingSinceMs, ...carried } = run;
  const next = makeContinueAsNewFunc<(input: LeaseInput) => Promise<unknown>>({
    workflowType: LEASE_WORKFLOW_TYPE,
    initialVersioningBehavior: 'AUTO_UPGRADE',
  });
  return next({ carried });
}

/** Whether the worker of this task has a deployment version, and runs are pinned to one. */
export function isVersioned(): boolean {
  const version = workflowInfo().currentDeploymentVersion;
  // A worker without a deployment has a build of no name.
  return version !== undefined && version.deploymentName !== '';
}
