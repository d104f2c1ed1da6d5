/** Cutover for scripts: start, follow and steer deployments. Every error is a CutoverError with a code. */
import { loadPlan } from '../plan/load.ts';
import type { Problem } from '../plan/problems.ts';
import type { Plan } from '../plan/types.ts';
import {
  type ApproveMessage,
  type DeploymentResult,
  deploymentWorkflowId,
  type ExtendObservationMessage,
  type Message,
  type RollbackMessage,
} from '../workflows/api.ts';
import { type ConnectOptions, defaultSender } from './config.ts';
import { resolveDeploymentId } from './deployment-id.ts';
import { type DeploymentHistory, readHistory } from './history/read.ts';
import { type ListFilter, listDeployments } from './list.ts';
import { type LiveReadings, readLive } from './live-readings.ts';
import type { LiveStatus } from './live-status.ts';
import { type MessageAnswer, type SendOptions, sendMessage } from './messages.ts';
import { type Preflight, preflight } from './preflight.ts';
import { awaitResult } from './result.ts';
import { openSession, type Session } from './session.ts';
import { refuseUnbuilt, type StartedDeployment, startDeployment } from './start.ts';
import { readStatus } from './status.ts';
import type { DeploymentSummary } from './summary.ts';
import { type WatchOptions, watchDeployment } from './watch.ts';

export type { ConnectOptions } from './config.ts';
export type { DeploymentHistory, HistoryEntry } from './history/read.ts';
export type { ListFilter } from './list.ts';
export type { LiveReadings } from './live-readings.ts';
export { isClosed, isSettled, type Live, type LiveActivity, type LiveStatus } from './live-status.ts';
export type { MessageAnswer, SendOptions } from './messages.ts';
export type { Preflight, PreflightCheck } from './preflight.ts';
export type { StartedDeployment } from './start.ts';
export type { DeploymentSummary } from './summary.ts';
export type { TakenOver } from './take-over.ts';
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
  approve(message?: ApproveMessage): Promise<MessageAnswer>;
  reject(message?: Message): Promise<MessageAnswer>;
  rollback(message?: RollbackMessage): Promise<MessageAnswer>;
  pause(message?: Message): Promise<MessageAnswer>;
  resume(message?: Message): Promise<MessageAnswer>;
  promote(message?: Message): Promise<MessageAnswer>;
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
   * CUTOVER_ALREADY_RUNNING what is started while another deployment of the service is open and not in its lease.
   */
  async start(
    what: Plan | ValidatedPlan,
    options: { startedBy?: string; requestId?: string } = {},
  ): Promise<DeploymentHandle> {
    const { plan, warnings } = 'plan' in what ? what : { plan: what, warnings: null };
    refuseUnbuilt(plan, warnings);
    const { startedBy = defaultSender(), requestId } = options;
    const started = await startDeployment(this.#session, plan, {
      startedBy,
      ...(requestId === undefined ? {} : { requestId }),
    });
    return this.#handle(started, deploymentWorkflowId(plan));
  }

  #handle(started: StartedDeployment, id: string): DeploymentHandle {
    return {
      ...started,
      status: () => readStatus(this.#session, id, started.run_id),
      watch: (options) => watchDeployment(this.#session, id, { ...options, runId: started.run_id }),
      result: () => awaitResult(this.#session, id, started.run_id),
      approve: (message) => this.approve(id, message),
      reject: (message) => this.reject(id, message),
      rollback: (message) => this.rollback(id, message),
      pause: (message) => this.pause(id, message),
      resume: (message) => this.resume(id, message),
      promote: (message) => this.promote(id, message),
    };
  }

  /** Whether `start` would go now: everything that it does, apart from starting. Nothing is changed. */
  preflight(what: Plan | ValidatedPlan): Promise<Preflight> {
    const { plan, warnings } = 'plan' in what ? what : { plan: what, warnings: null };
    refuseUnbuilt(plan, warnings);
    return preflight(this.#session, plan);
  }

  /** Within about 5 s, whether a worker answers or not: see `live.answered`. */
  status(id: string): Promise<LiveStatus> {
    return readStatus(this.#session, resolveDeploymentId(id));
  }

  watch(id: string, options?: WatchOptions): AsyncGenerator<LiveStatus, void, void> {
    return watchDeployment(this.#session, resolveDeploymentId(id), options);
  }

  /** The status, with a watcher's reading of the last 2 s when there is one within 5 s. */
  live(id: string): Promise<{ status: LiveStatus; readings: LiveReadings }> {
    return readLive(this.#session, resolveDeploymentId(id));
  }

  /** What happened, from the server's records and, while a worker answers, the deployment's own. Default: the newest. */
  history(id: string, options: { runId?: string } = {}): Promise<DeploymentHistory> {
    return readHistory(this.#session, resolveDeploymentId(id), options.runId);
  }

  /**
   * Waits until the deployment has ended, lease included. One that the next deployment takes over has succeeded.
   * CUTOVER_INTERNAL when it was terminated, or has failed.
   */
  result(id: string): Promise<DeploymentResult> {
    return awaitResult(this.#session, resolveDeploymentId(id));
  }

  /** `digest`: refused when something else is pending by now. */
  approve(id: string, message: ApproveMessage = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'approve', from(message), options);
  }

  reject(id: string, message: Message = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'reject', from(message), options);
  }

  /** The answer comes when all traffic is on the old colour again, or held: `options.onAccepted` is called before. */
  rollback(id: string, message: RollbackMessage = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'rollback', from(message), options);
  }

  /** Share, scale-down and clean-up do not advance; watching, approval and lease clocks go on. */
  pause(id: string, message: Message = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'pause', from(message), options);
  }

  resume(id: string, message: Message = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'resume', from(message), options);
  }

  /** Ends a wait early; never gives an approval, and never passes over a criterion of the switch. */
  promote(id: string, message: Message = {}, options?: SendOptions): Promise<MessageAnswer> {
    return sendMessage(this.#session, resolveDeploymentId(id), 'promote', from(message), options);
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
