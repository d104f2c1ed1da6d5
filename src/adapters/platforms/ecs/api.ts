/** The calls to ECS, each with the action and the resource that a policy would name. */
import type {
  DescribeServicesCommandOutput,
  DescribeTaskDefinitionCommandOutput,
  RegisterTaskDefinitionCommandInput,
  RegisterTaskDefinitionCommandOutput,
  Task,
  UpdateServiceCommandInput,
} from '@aws-sdk/client-ecs';
import type { Lane } from '../../aws/clients.ts';
import { awsService } from '../../aws/service.ts';

export interface EcsPlace {
  region: string | null;
  cluster: string;
}

export type EcsApi = ReturnType<typeof createEcsApi>;

/** Of DescribeTasks, whose answers are not paged. */
const TASKS_PER_CALL = 100;

export function createEcsApi({ region, cluster }: EcsPlace) {
  const ecs = awsService('ecs', region);
  const arn = (resource: string) => `arn:aws:ecs:${region ?? '*'}:*:${resource}`;
  const serviceArn = (service: string) => arn(`service/${cluster}/${service}`);

  /** One page: 100 tasks at most. */
  function listTasks(
    service: string,
    desiredStatus: 'RUNNING' | 'STOPPED',
    nextToken: string | undefined,
    lane: Lane,
    signal: AbortSignal,
  ) {
    const input = { cluster, serviceName: service, desiredStatus, maxResults: TASKS_PER_CALL, nextToken };
    return ecs[lane]('ListTasks', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.ListTasksCommand(input), options),
    );
  }

  async function describeTasks(tasks: string[], lane: Lane, signal: AbortSignal): Promise<Task[]> {
    if (tasks.length === 0) return [];
    const answer = await ecs[lane]('DescribeTasks', arn(`task/${cluster}/*`), signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTasksCommand({ cluster, tasks }), options),
    );
    return answer.tasks ?? [];
  }

  return {
    /** With their tags. A page has ten, more than the two that are ever asked for. */
    describeServices(services: string[], lane: Lane, signal: AbortSignal): Promise<DescribeServicesCommandOutput> {
      const [only = '', ...more] = services;
      const resource = serviceArn(more.length === 0 ? only : '*');
      return ecs[lane]('DescribeServices', resource, signal, ({ sdk, client }, options) =>
        client.send(new sdk.DescribeServicesCommand({ cluster, services, include: ['TAGS'] }), options),
      );
    },
    /** With its tags. Of a family: its latest active revision. */
    describeTaskDefinition(
      taskDefinition: string,
      lane: Lane,
      signal: AbortSignal,
    ): Promise<DescribeTaskDefinitionCommandOutput> {
      return ecs[lane]('DescribeTaskDefinition', '*', signal, ({ sdk, client }, options) =>
        client.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition, include: ['TAGS'] }), options),
      );
    },
    registerTaskDefinition(
      input: RegisterTaskDefinitionCommandInput,
      signal: AbortSignal,
    ): Promise<RegisterTaskDefinitionCommandOutput> {
      return ecs.write(
        'RegisterTaskDefinition',
        arn(`task-definition/${input.family}:*`),
        signal,
        ({ sdk, client }, options) => client.send(new sdk.RegisterTaskDefinitionCommand(input), options),
      );
    },
    async updateService(
      service: string,
      changes: Omit<UpdateServiceCommandInput, 'cluster' | 'service'>,
      signal: AbortSignal,
    ): Promise<void> {
      await ecs.write('UpdateService', serviceArn(service), signal, ({ sdk, client }, options) =>
        client.send(new sdk.UpdateServiceCommand({ cluster, service, ...changes }), options),
      );
    },
    /** Every task that is to run; each page is described while the next one is asked for. */
    async runningTasks(service: string, lane: Lane, signal: AbortSignal): Promise<Task[]> {
      const described: Promise<Task[]>[] = [];
      let token: string | undefined;
      do {
        const page = await listTasks(service, 'RUNNING', token, lane, signal);
        const tasks = describeTasks(page.taskArns ?? [], lane, signal);
        // Its error is met below, unless that of the next page is met before.
        tasks.catch(() => undefined);
        described.push(tasks);
        token = page.nextToken;
      } while (token !== undefined && token !== '');
      return (await Promise.all(described)).flat();
    },
    /** Up to 100 of those that stopped within the last hour, which is as long as ECS keeps them: for people, who read a few. */
    async stoppedTasks(service: string, lane: Lane, signal: AbortSignal): Promise<Task[]> {
      const page = await listTasks(service, 'STOPPED', undefined, lane, signal);
      return describeTasks(page.taskArns ?? [], lane, signal);
    },
    async tag(resourceArn: string, key: string, value: string, signal: AbortSignal): Promise<void> {
      await ecs.write('TagResource', resourceArn, signal, ({ sdk, client }, options) =>
        client.send(new sdk.TagResourceCommand({ resourceArn, tags: [{ key, value }] }), options),
      );
    },
    async untag(resourceArn: string, key: string, signal: AbortSignal): Promise<void> {
      await ecs.write('UntagResource', resourceArn, signal, ({ sdk, client }, options) =>
        client.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys: [key] }), options),
      );
    },
  };
}
