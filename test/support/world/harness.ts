/** The real workflow in the time-skipping server, over a model world per deployment. */
import type { WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { Plan } from '../../../src/plan/types.ts';
import { SILENT_SINKS } from '../../../src/worker/metrics/meters.ts';
import {
  type AnyMessage,
  type DeploymentResult,
  type DeploymentStatus,
  deploymentWorkflowId,
  type MessageName,
  type Receipt,
  TASK_QUEUE,
  WATCH_TASK_QUEUE,
  WORKFLOW_TYPE,
} from '../../../src/workflows/api.ts';
import { testPlan } from '../plans.ts';
import { createScript, type Script, scriptedActivities } from './scripted-activities.ts';
import { createWorld, type World } from './world.ts';

export interface Deployment {
  world: World;
  script: Script;
  handle: WorkflowHandle;
  status(): Promise<DeploymentStatus>;
  update(name: MessageName, message?: unknown): Promise<Receipt>;
  signal(name: MessageName, message?: unknown): Promise<void>;
  result(): Promise<DeploymentResult>;
  /** Skips virtual time until the deployment is in the phase; fails after `limitMs` virtual milliseconds. */
  until(phase: DeploymentStatus['phase'], limitMs?: number): Promise<DeploymentStatus>;
}

export interface Harness {
  env: TestWorkflowEnvironment;
  deploy(changes?: Partial<Plan>, world?: World, startedBy?: string): Promise<Deployment>;
  stop(): Promise<void>;
}

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

const REAL_LIMIT_MS = 30_000;

type Scene = { world: World; script: Script };

export async function startHarness(
  env: TestWorkflowEnvironment,
  workflowBundle: WorkflowBundleWithSourceMap,
): Promise<Harness> {
  const scenes = new Map<string, Scene>();
  const activities = dispatching(scenes);
  const { nativeConnection: connection } = env;
  const workers = await Promise.all([
    Worker.create({ connection, taskQueue: TASK_QUEUE, workflowBundle, activities, sinks: SILENT_SINKS }),
    Worker.create({ connection, taskQueue: WATCH_TASK_QUEUE, activities }),
  ]);
  const running = workers.map((worker) => worker.run());
  let count = 0;
  return {
    env,
    async deploy(changes = {}, world = createWorld(), startedBy = 'dora@example.com') {
      count += 1;
      const plan = testPlan({ ...changes, service: `service-${count}` });
      const script = createScript(() => env.currentTimeMs());
      scenes.set(plan.service, { world, script });
      const handle = await env.client.workflow.start(WORKFLOW_TYPE, {
        taskQueue: TASK_QUEUE,
        workflowId: deploymentWorkflowId(plan),
        args: [{ plan, started_by: startedBy }],
        typedSearchAttributes: new TypedSearchAttributes([
          { key: keyword('DeployService'), value: plan.service },
          { key: keyword('DeployEnvironment'), value: plan.environment },
          { key: keyword('DeployPhase'), value: 'claim' },
        ]),
      });
      return deployment(env, handle, world, script);
    },
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
    },
  };
}

function deployment(env: TestWorkflowEnvironment, handle: WorkflowHandle, world: World, script: Script): Deployment {
  const status = () => handle.query<DeploymentStatus>('status');
  return {
    world,
    script,
    handle,
    status,
    update: (name, message: unknown = { by: 'ana@example.com' }) =>
      handle.executeUpdate<Receipt, [unknown]>(name, { args: [message] }),
    signal: (name, message: AnyMessage | unknown = { by: 'ana@example.com' }) =>
      handle.signal<[unknown]>(name, message),
    result: () => inRealTime(handle.result() as Promise<DeploymentResult>, status, handle),
    async until(phase, limitMs = 24 * 3_600_000) {
      const giveUpAt = (await env.currentTimeMs()) + limitMs;
      const realLimit = Date.now() + REAL_LIMIT_MS;
      for (;;) {
        const seen = await status();
        if (seen.phase === phase) return seen;
        if (seen.phase === 'closed' || Date.now() > realLimit || (await env.currentTimeMs()) > giveUpAt) {
          throw new Error(`not in ${phase} but ${seen.phase}: ${seen.reason ?? ''} ${seen.attention.join('; ')}`);
        }
        await env.sleep(stepMs(seen));
      }
    },
  };
}

/** A run that hangs tells where, instead of a test's bare timeout. */
async function inRealTime<T>(
  awaited: Promise<T>,
  status: () => Promise<DeploymentStatus>,
  handle: WorkflowHandle,
): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(async () => {
      const { raw } = await handle.describe();
      const pending = raw.pendingActivities?.map(({ activityType, attempt, state, lastFailure }) => [
        activityType?.name,
        attempt,
        state,
        lastFailure?.message,
      ]);
      const seen = await status().catch(String);
      reject(new Error(`no result within ${REAL_LIMIT_MS} ms: ${JSON.stringify({ pending, seen }, null, 1)}`));
    }, REAL_LIMIT_MS);
  });
  try {
    return await Promise.race([awaited, late]);
  } finally {
    clearTimeout(limit);
  }
}

/** Small steps where phases pass quickly, the window's remainder where one is open. */
function stepMs(status: DeploymentStatus): number {
  const open = status.phases.find((phase) => phase.state === 'running');
  if (open?.ends_at == null || open.name === 'approval' || open.name === 'lease') return 200;
  return Math.max(200, Math.min(30_000, Date.parse(open.ends_at) - Date.parse(open.started_at ?? open.ends_at)) / 4);
}

/** One set of activities for every deployment: each call goes to the scene of its service. */
function dispatching(scenes: Map<string, Scene>): Record<string, (input: never) => Promise<unknown>> {
  const probe = scriptedActivities(
    createWorld(),
    createScript(async () => 0),
  );
  const names = Object.keys(probe) as (keyof typeof probe)[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      (input: { target?: { service: string }; plan?: { service: string }; deployment?: string }) => {
        const service = input.target?.service ?? input.plan?.service ?? input.deployment?.split('/').at(-1);
        const scene = scenes.get(service ?? '');
        if (scene === undefined) throw new Error(`no scene for ${service}`);
        const activity = scriptedActivities(scene.world, scene.script)[name] as (input: unknown) => Promise<unknown>;
        return activity(input);
      },
    ]),
  );
}
