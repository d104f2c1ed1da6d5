/**
 * moto keeps services and task definitions of ECS, and runs no task of them: this stands before it and answers
 * DescribeServices, ListTasks and DescribeTasks as if a scheduler ran what moto has been asked for. Time is the clock's.
 */
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import type { ProxiedAnswer } from '../intercepting-proxy.ts';
import {
  type Behaviour,
  isHealthy,
  isLive,
  type ModelTask,
  newModel,
  runs,
  type ServiceModel,
  type ServiceView,
  step,
} from './ecs-model.ts';
import type { AwsCall } from './fault-proxy.ts';
import type { AwsStage } from './stage.ts';

export interface EcsRunnerOptions extends Partial<Behaviour> {
  /** Of a task's network interface, in network mode awsvpc; absent: one that leads nowhere. */
  address?: (task: { service: string; number: number; image: string }) => string;
}

export interface EcsRunner {
  /** Changes from now on. */
  behave(change: Partial<Behaviour>): void;
  /** Ends so many running tasks of a service as their containers' crash would. */
  crash(cluster: string, service: string, tasks: number, reason: string): void;
  stop(): void;
}

interface Definition {
  arn: string;
  networkMode: string | undefined;
  containers: { name: string; image: string }[];
  hasHealthCheck: boolean;
}
type Request = Record<string, unknown> & { cluster?: string };

const PAGE = 100;
const BREAKER_FAILURES = 3;

export function startEcsRunner(stage: AwsStage, { address, ...changes }: EcsRunnerOptions = {}): EcsRunner {
  const ecs = new ECSClient(stage.direct);
  const behaviour: Behaviour = { startMs: 100, healthMs: 0, failing: () => null, unplaceable: () => null, ...changes };
  const models = new Map<string, ServiceModel>();
  const definitions = new Map<string, Definition>();
  let turn: Promise<unknown> = Promise.resolve();

  async function definitionOf(arn: string): Promise<Definition> {
    const known = definitions.get(arn);
    if (known !== undefined) return known;
    const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }));
    const containers = taskDefinition?.containerDefinitions ?? [];
    const made = {
      arn,
      networkMode: taskDefinition?.networkMode,
      containers: containers.map(({ name = '', image = '' }) => ({ name, image })),
      hasHealthCheck: containers.some(({ healthCheck }) => healthCheck !== undefined),
    };
    definitions.set(arn, made);
    return made;
  }

  /** Null: moto has no such service. */
  async function follow(cluster: string, service: string): Promise<ServiceModel | null> {
    const name = lastOf(service);
    const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: [name] }));
    const found = services?.[0];
    if (found?.status !== 'ACTIVE') return null;
    const definition = await definitionOf(found.taskDefinition ?? '');
    const key = `${lastOf(cluster)}/${name}`;
    const model = models.get(key) ?? newModel(name);
    models.set(key, model);
    const { enable = false, rollback = false } = found.deploymentConfiguration?.deploymentCircuitBreaker ?? {};
    const view: ServiceView = {
      desired: found.desiredCount ?? 0,
      taskDefinition: definition.arn,
      deployment: found.deployments?.[0]?.id ?? '',
      image: definition.containers[0]?.image ?? '',
      hasHealthCheck: definition.hasHealthCheck,
      breaker: enable ? { failures: BREAKER_FAILURES, rollback } : null,
    };
    const back = step(model, view, behaviour, Date.now());
    if (back === null) return model;
    await ecs.send(new UpdateServiceCommand({ cluster, service: name, taskDefinition: back }));
    return follow(cluster, name);
  }

  async function describeServices(request: Request, answer: ProxiedAnswer): Promise<ProxiedAnswer> {
    if (answer.status !== 200) return answer;
    const body = JSON.parse(answer.body) as { services: Record<string, unknown>[] };
    for (const service of body.services) {
      const model = await follow(request.cluster ?? 'default', String(service.serviceName));
      if (model !== null) Object.assign(service, shownService(model, service, behaviour));
    }
    return json(200, body);
  }

  async function listTasks(request: Request): Promise<ProxiedAnswer> {
    const { cluster = 'default', serviceName, desiredStatus = 'RUNNING', maxResults = PAGE, nextToken } = request;
    const model = await follow(cluster, String(serviceName));
    if (model === null) return json(400, { __type: 'ServiceNotFoundException', message: 'Service not found.' });
    const fitting = model.tasks.filter((task) => isLive(task) === (desiredStatus === 'RUNNING'));
    const from = Number(nextToken ?? 0);
    const to = from + Math.min(Number(maxResults), PAGE);
    const taskArns = fitting.slice(from, to).map((task) => arnOf(cluster, task));
    return json(200, { taskArns, ...(to < fitting.length ? { nextToken: String(to) } : {}) });
  }

  async function describeTasks({ cluster = 'default', tasks }: Request): Promise<ProxiedAnswer> {
    const asked = (tasks as string[]).map(lastOf);
    if (asked.length > PAGE) return json(400, { __type: 'InvalidParameterException', message: 'at most 100 tasks' });
    const shown: object[] = [];
    for (const [key, model] of models) {
      if (!key.startsWith(`${lastOf(cluster)}/`)) continue;
      if (model.tasks.some(({ id }) => asked.includes(id))) await follow(cluster, model.name);
      for (const task of model.tasks.filter(({ id }) => asked.includes(id)))
        shown.push(await shownTask(cluster, model, task));
    }
    return json(200, { tasks: shown, failures: [] });
  }

  async function shownTask(cluster: string, model: ServiceModel, task: ModelTask): Promise<object> {
    const { networkMode, containers } = await definitionOf(task.taskDefinition);
    const { stopped, createdMs, number } = task;
    const nowMs = Date.now();
    const isRunning = runs(task, behaviour, nowMs);
    const lastStatus = stopped !== null ? 'STOPPED' : isRunning ? 'RUNNING' : 'PENDING';
    const image = containers[0]?.image ?? '';
    const ip = address?.({ service: model.name, number, image }) ?? `10.0.${(number >> 8) & 255}.${number & 255}`;
    const details = [{ name: 'privateIPv4Address', value: ip }];
    return {
      taskArn: arnOf(cluster, task),
      taskDefinitionArn: task.taskDefinition,
      group: `service:${model.name}`,
      startedBy: task.deployment,
      createdAt: createdMs / 1000,
      lastStatus,
      desiredStatus: stopped === null ? 'RUNNING' : 'STOPPED',
      healthStatus: task.hasHealthCheck && isHealthy(task, behaviour, nowMs) ? 'HEALTHY' : 'UNKNOWN',
      attachments: networkMode === 'awsvpc' ? [{ type: 'ElasticNetworkInterface', status: 'ATTACHED', details }] : [],
      containers: containers.map((one, at) => ({
        ...one,
        lastStatus,
        ...(stopped !== null && !stopped.orderly && at === 0 ? { exitCode: 1, reason: stopped.reason } : {}),
      })),
      ...(stopped === null ? {} : shownStop(stopped)),
    };
  }

  function answerTo(call: AwsCall, pass: () => Promise<ProxiedAnswer>): Promise<ProxiedAnswer> {
    const request = JSON.parse(call.body) as Request;
    switch (call.action) {
      case 'DescribeServices':
        return pass().then((answer) => describeServices(request, answer));
      case 'ListTasks':
        return listTasks(request);
      default:
        return describeTasks(request);
    }
  }

  const remove = stage.proxy.layer((pass, call) => {
    if (call.service !== 'ecs' || !ANSWERED.has(call.action)) return pass();
    // One after the other: a model that followed an older view would go back to it.
    const answered = turn.then(() => answerTo(call, pass));
    turn = answered.catch(() => undefined);
    return answered;
  });

  return {
    behave: (change) => void Object.assign(behaviour, change),
    crash(cluster, service, tasks, reason) {
      const nowMs = Date.now();
      const model = models.get(`${cluster}/${service}`) ?? newModel(service);
      const running = model.tasks.filter((task) => runs(task, behaviour, nowMs));
      for (const task of running.slice(0, tasks)) task.stopped = { atMs: nowMs, orderly: false, reason };
    },
    stop() {
      remove();
      ecs.destroy();
    },
  };
}

const ANSWERED = new Set(['DescribeServices', 'ListTasks', 'DescribeTasks']);

function shownService(model: ServiceModel, service: Record<string, unknown>, behaviour: Behaviour): object {
  const nowMs = Date.now();
  const counts = (tasks: ModelTask[]) => {
    const runningCount = tasks.filter((task) => runs(task, behaviour, nowMs)).length;
    return { runningCount, pendingCount: tasks.filter(isLive).length - runningCount };
  };
  return {
    ...counts(model.tasks),
    deployments: model.deployments.map((one, at) => ({
      ...counts(model.tasks.filter(({ deployment }) => deployment === one.id)),
      id: one.id,
      status: at === 0 ? 'PRIMARY' : 'ACTIVE',
      taskDefinition: one.taskDefinition,
      desiredCount: at === 0 ? service.desiredCount : 0,
      failedTasks: one.failedTasks,
      createdAt: one.createdMs / 1000,
      updatedAt: nowMs / 1000,
      rolloutState: one.state,
      rolloutStateReason: one.reason,
    })),
    events: model.events.map(({ atMs, message }, at) => ({ id: String(at), createdAt: atMs / 1000, message })),
  };
}

function shownStop({ atMs, orderly, reason }: NonNullable<ModelTask['stopped']>): object {
  return {
    stoppedAt: atMs / 1000,
    stopCode: orderly ? 'ServiceSchedulerInitiated' : 'EssentialContainerExited',
    stoppedReason: orderly ? reason : 'Essential container in task exited',
  };
}

function arnOf(cluster: string, { id }: ModelTask): string {
  return `arn:aws:ecs:eu-west-1:123456789012:task/${lastOf(cluster)}/${id}`;
}

function lastOf(arnOrName: string): string {
  return arnOrName.slice(arnOrName.lastIndexOf('/') + 1);
}

function json(status: number, body: object): ProxiedAnswer {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(body) };
}
