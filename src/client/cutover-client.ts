/** Cutover for scripts: start, follow and steer deployments. Every error is a CutoverError with a code. */
import { WorkflowFailedError } from '@temporalio/client';
import { CutoverError } from '../errors.ts';
import { loadPlan } from '../plan/load.ts';
import type { Problem } from '../plan/problems.ts';
import type { Plan } from '../plan/types.ts';
import {
  type DeploymentResult,
  deploymentWorkflowId,
  type ExtendObservationMessage,
  type Message,
  type RollbackMessage,
} from '../workflows/api.ts';
import { type ConnectOptions, defaultSender } from './config.ts';
import { resolveDeploymentId } from './deployment-id.ts';
import { type ListFilter, listDeployments } from './list.ts';
import type { LiveStatus } from './live-status.ts';
import { type MessageAnswer, type SendOptions, sendMessage } from './messages.ts';
import { rootMessage } from './rpc-errors.ts';
import { coded, openSession, type Session } from './session.ts';
import { refuseUnbuilt, type StartedDeployment, startDeployment } from './start.ts';
import { readStatus } from './status.ts';
import type { DeploymentSummary } from './summary.ts';
import { type WatchOptions, watchDeployment } from './watch.ts';

export type { ConnectOptions } from './config.ts';
export type { ListFilter } from './list.ts';
export { isClosed, isSettled, type Live, type LiveActivity, type LiveStatus } from './live-status.ts';
export type { MessageAnswer, SendOptions } from './messages.ts';
export type { StartedDeployment } from './start.ts';
export type { DeploymentSummary } from './summary.ts';
export type { WatchOptions } from './watch.ts';

export interface PlanSource {
  /** For messages: a path, as a rule. */
  name: string;
  text: string;
}
export interface ValidatedPlan {
  plan: Plan;
  warnings: Problem[];
}

/** A started deployment, with the messages that it takes. */
export interface DeploymentHandle extends StartedDeployment {
  status(): Promise<LiveStatus>;
  watch(options?: WatchOptions): AsyncGenerator<LiveStatus, void, void>;
  result(): Promise<DeploymentResult>;
  approve(message?: Message): Promise<MessageAnswer>;
  reject(message?: Message): Promise<MessageAnswer>;
  rollback(message?: RollbackMessage): Promise<MessageAnswer>;
}

/**
 * `id` is everywhere SERVICE (of production), ENVIRONMENT/SERVICE, or the whole workflow ID. A message without `by` is
 * sent in the name of CUTOVER_BY, else of the account. Close the client when done.
 */
export class CutoverClient {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** Settings not given come from the TEMPORAL_… variables and temporal.toml. */
  static async connect(options: ConnectOptions = {}): Promise<CutoverClient> {
    return new CutoverClient(await openSession(options));
  }

  /** Needs no Temporal. Later sources are merged over earlier ones; `sets` are `KEY=VALUE`. Throws PlanError. */
  static validate(sources: PlanSource[], sets: string[] = []): ValidatedPlan {
    return loadPlan(sources, sets);
  }

  get address(): string {
    return this.#session.address;
  }

  async close(): Promise<void> {
    await this.#session.connection.close();
  }

  validate(sources: PlanSource[], sets: string[] = []): ValidatedPlan {
    return CutoverClient.validate(sources, sets);
  }

  /**
   * Takes a plan, or the outcome of `validate`. Refuses what this version cannot run (CUTOVER_…_NOT_BUILT), and with
   * CUTOVER_ALREADY_RUNNING what is started while another deployment of the service is open.
   */
  async start(what: Plan | ValidatedPlan, options: { startedBy?: string } = {}): Promise<DeploymentHandle> {
    const { plan, warnings } = 'plan' in what ? what : { plan: what, warnings: null };
    refuseUnbuilt(plan, warnings);
    const started = await startDeployment(this.#session, plan, options.startedBy ?? defaultSender());
    return this.#handle(started, deploymentWorkflowId(plan));
  }

  #handle(started: StartedDeployment, id: string): DeploymentHandle {
    return {
      ...started,
      status: () => readStatus(this.#session, id, started.run_id),
      watch: (options) => watchDeployment(this.#session, id, { ...options, runId: started.run_id }),
      result: () => this.#result(id, started.run_id),
      approve: (message) => this.approve(id, message),
      reject: (message) => this.reject(id, message),
      rollback: (message) => this.rollback(id, message),
    };
  }

  /** Within about 5 s, whether a worker answers or not: see `live.answered`. */
  status(id: string): Promise<LiveStatus> {
    return readStatus(this.#session, resolveDeploymentId(id));
  }

  watch(id: string, options?: WatchOptions): AsyncGenerator<LiveStatus, void, void> {
    return watchDeployment(this.#session, resolveDeploymentId(id), options);
  }

  /** Waits until the run has closed, lease included. CUTOVER_INTERNAL when it was terminated, or has failed. */
  result(id: string): Promise<DeploymentResult> {
    return this.#result(resolveDeploymentId(id));
  }

  async #result(workflowId: string, runId?: string): Promise<DeploymentResult> {
    try {
      return (await this.#session.workflows.getHandle(workflowId, runId).result()) as DeploymentResult;
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw coded(this.#session, error, workflowId);
      return this.#withoutResult(workflowId, runId, error);
    }
  }

  /** A cancelled run has no result of its own, but has rolled back; its status tells. */
  async #withoutResult(
    workflowId: string,
    runId: string | undefined,
    cause: WorkflowFailedError,
  ): Promise<DeploymentResult> {
    const status = await readStatus(this.#session, workflowId, runId);
    if (status.live.execution === 'cancelled' && status.outcome !== null) {
      const { outcome, version, weights } = status;
      return { outcome, reason: status.reason ?? rootMessage(cause), version, weights };
    }
    throw new CutoverError('CUTOVER_INTERNAL', `The run has ${status.live.execution}: ${rootMessage(cause)}`, {
      cause,
    });
  }

  approve(id: string, message: Message = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'approve', from(message), options);
  }

  reject(id: string, message: Message = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'reject', from(message), options);
  }

  /** The answer comes when all traffic is on the old colour again, or held: `options.onAccepted` is called before. */
  rollback(id: string, message: RollbackMessage = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'rollback', from(message), options);
  }

  /** `duration`: `30m` lengthens, `-30m` shortens the observation. */
  extendObservation(id: string, message: ExtendObservationMessage, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'extend_observation', from(message), options);
  }

  /** Ends the lease, or the keeping of a failed candidate. */
  release(id: string, message: Message = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'release', from(message), options);
  }

  list(filter: ListFilter = {}): Promise<DeploymentSummary[]> {
    return listDeployments(this.#session, filter);
  }
}

function from<T extends Message>(message: T): T & { by: string } {
  return { ...message, by: message.by ?? defaultSender() };
}
