/** The services of the two colours, as DescribeServices tells of them. */
import type { Deployment, Service } from '@aws-sdk/client-ecs';
import { CutoverError } from '../../../errors.ts';
import type { Lane } from '../../aws/clients.ts';
import type { EcsApi } from './api.ts';

/** In the order of their names. CUTOVER_AWS_NOT_FOUND, and CUTOVER_ROUTER_OBJECT for one that something else deploys. */
export async function readServices(api: EcsApi, names: string[], lane: Lane, signal: AbortSignal): Promise<Service[]> {
  const { services = [], failures = [] } = await api.describeServices(names, lane, signal);
  return names.map((name) => {
    const service = services.find(({ serviceName }) => serviceName === name);
    // One that was deleted is told of for a while.
    if (service?.status === 'ACTIVE') return deployable(service);
    const reason = service?.status ?? failures.find(({ arn }) => arn?.endsWith(`/${name}`))?.reason ?? 'MISSING';
    throw new CutoverError('CUTOVER_AWS_NOT_FOUND', `ecs:DescribeServices on ${name}: the service is ${reason}`, {
      details: { action: 'ecs:DescribeServices', resource: name, reason },
    });
  });
}

export async function readService(api: EcsApi, name: string, lane: Lane, signal: AbortSignal): Promise<Service> {
  const [service] = await readServices(api, [name], lane, signal);
  if (service === undefined) throw new Error('a service was neither found nor missed');
  return service;
}

/** What the service is to run. Null for a service that never had a deployment. */
export function primaryOf({ deployments = [] }: Service): Deployment | null {
  return deployments.find(({ status }) => status === 'PRIMARY') ?? null;
}

export function definitionOf(service: Service): string {
  return primaryOf(service)?.taskDefinition ?? service.taskDefinition ?? '';
}

/** Replaced task by task by ECS itself, which is what `desiredCount` and `taskDefinition` of UpdateService ask for. */
function deployable(service: Service): Service {
  const { serviceName, deploymentController, deploymentConfiguration, schedulingStrategy } = service;
  const asked = [
    ['deploymentController', deploymentController?.type ?? 'ECS', 'ECS'],
    ['deploymentConfiguration.strategy', deploymentConfiguration?.strategy ?? 'ROLLING', 'ROLLING'],
    ['schedulingStrategy', schedulingStrategy ?? 'REPLICA', 'REPLICA'],
  ] as const;
  for (const [field, found, right] of asked) {
    if (found === right) continue;
    throw new CutoverError(
      'CUTOVER_ROUTER_OBJECT',
      `the ${field} of service ${serviceName} is ${found}; it must be ${right}`,
    );
  }
  return service;
}
