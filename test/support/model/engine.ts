/** The real workflow code in the worker's own sandbox, without a worker, a Core or a server. */
import { TypedSearchAttributes } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { coresdk } from '@temporalio/proto';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker.js';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm.js';
import { globalHandlers } from '@temporalio/worker/lib/workflow/vm-shared.js';
import { failureText } from './payloads.ts';

export type Job = coresdk.workflow_activation.IWorkflowActivationJob;
export type Command = coresdk.workflow_commands.IWorkflowCommand;
const { WorkflowActivation } = coresdk.workflow_activation;

export interface Start {
  workflowType: string;
  workflowId: string;
  runId: string;
  firstRunId: string;
  startedAtMs: number;
  /** Set: the run is versioned, as on a worker with a deployment version. */
  buildId: string | null;
}

export interface Instance {
  /** The commands that the jobs lead to. Throws when the workflow task fails. */
  activate(jobs: Job[], nowMs: number, isReplaying: boolean): Promise<Command[]>;
  dispose(): Promise<void>;
}

export interface Engine {
  create(start: Start): Promise<Instance>;
  stop(): Promise<void>;
}

/** A limit costs a thread for each entry into the sandbox, which is half of a run's time. */
const NO_LIMIT = undefined as unknown as number;

export async function createEngine(code: string): Promise<Engine> {
  // Stack traces of promises are for the Web UI; collecting them takes most of the time of a run.
  globalHandlers.installed = true;
  const creator = await ReusableVMWorkflowCreator.create(parseWorkflowCode(code), NO_LIMIT, new Set());
  // Core keeps these with the history: a replay follows the SDK's rules of the time.
  const usedFlags = new Set<number>();
  return {
    async create(start) {
      const workflow = await creator.createWorkflow({
        info: infoOf(start),
        randomnessSeed: [1, 2, 3, 4],
        now: start.startedAtMs,
        showStackTraceSources: false,
        failureExceptionTypeNames: [],
      });
      return {
        async activate(jobs, nowMs, isReplaying) {
          const deployment = start.buildId === null ? null : { deploymentName: 'cutover', buildId: start.buildId };
          const completion = await workflow.activate(
            WorkflowActivation.fromObject({
              runId: start.runId,
              timestamp: msToTs(nowMs),
              isReplaying,
              historyLength: 3,
              jobs,
              availableInternalFlags: isReplaying ? [...usedFlags] : [],
              deploymentVersionForCurrentTask: deployment,
            }),
          );
          await workflow.getAndResetSinkCalls();
          if (completion.successful == null) throw new Error(failureText(completion.failed?.failure));
          for (const flag of completion.successful.usedInternalFlags ?? []) usedFlags.add(flag);
          return completion.successful.commands ?? [];
        },
        dispose: () => workflow.dispose(),
      };
    },
    stop: () => creator.destroy(),
  };
}

type Created = Parameters<ReusableVMWorkflowCreator['createWorkflow']>[0];

function infoOf(start: Start): Created['info'] {
  const started = new Date(start.startedAtMs);
  return {
    workflowId: start.workflowId,
    runId: start.runId,
    workflowType: start.workflowType,
    searchAttributes: {},
    typedSearchAttributes: new TypedSearchAttributes(),
    taskQueue: 'cutover',
    namespace: 'default',
    firstExecutionRunId: start.firstRunId,
    originalExecutionRunId: start.runId,
    startTime: started,
    runStartTime: started,
    taskTimeoutMs: 10_000,
    attempt: 1,
    historyLength: 3,
    historySize: 0,
    continueAsNewSuggested: false,
    targetWorkerDeploymentVersionChanged: false,
    currentBuildId: start.buildId ?? '',
    unsafe: {
      now: Date.now,
      isReplaying: false,
      isReplayingHistoryEvents: false,
      random: { random: Math.random } as never,
    },
  } as Created['info'];
}
