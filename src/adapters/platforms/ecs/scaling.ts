/**
 * Service auto scaling, so that it never fights a deployment: its lower bound is the size that was asked for, and what it
 * was before stands in a tag of the service until the deployment is over. Its upper bound, its policies and what is
 * suspended of it stay as they are.
 */
import type { ScalableTarget, ScalingPolicy } from '@aws-sdk/client-application-auto-scaling';
import type { Service } from '@aws-sdk/client-ecs';
import { CutoverError } from '../../../errors.ts';
import { everyPage } from '../../aws/paging.ts';
import { awsService } from '../../aws/service.ts';
import type { EcsApi, EcsPlace } from './api.ts';

export const MIN_TAG = 'cutover:min-capacity';

const OF_SERVICES = { ServiceNamespace: 'ecs', ScalableDimension: 'ecs:service:DesiredCount' } as const;

export interface ScalingRules {
  target: ScalableTarget;
  policies: ScalingPolicy[];
}

export interface Scaling {
  /** By name of the service. Not there: nothing scales it but people and Cutover. */
  targets(services: readonly string[], signal: AbortSignal): Promise<Map<string, ScalableTarget>>;
  rules(service: string, signal: AbortSignal): Promise<ScalingRules | null>;
  /** CUTOVER_AWS_REFUSED: its upper bound is below the size. */
  refuseAbove(service: Service, target: ScalableTarget | undefined, size: number): void;
  /**
   * Has `update` give the service `size` tasks, between bounds that let it. A lower bound above the size would be scaled up
   * to, and one that is written first would start tasks of the version that the service had.
   */
  resize(
    service: Service,
    target: ScalableTarget | undefined,
    size: number,
    update: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /** The lower bound that it had before. A freed service keeps 0: any other would wake it. */
  letGo(service: Service, target: ScalableTarget | undefined, signal: AbortSignal): Promise<void>;
}

export function createScaling({ region, cluster }: EcsPlace, api: EcsApi): Scaling {
  const autoscaling = awsService('application-autoscaling', region);
  const idOf = (service: string) => `service/${cluster}/${service}`;

  async function setMin(
    { ResourceId, ScalableTargetARN = '*' }: ScalableTarget,
    MinCapacity: number,
    signal: AbortSignal,
  ) {
    const input = { ...OF_SERVICES, ResourceId, MinCapacity };
    await autoscaling.write('RegisterScalableTarget', ScalableTargetARN, signal, ({ sdk, client }, options) =>
      client.send(new sdk.RegisterScalableTargetCommand(input), options),
    );
  }

  async function targets(services: readonly string[], signal: AbortSignal): Promise<Map<string, ScalableTarget>> {
    // Of two IDs there are two targets at most, which is no second page.
    const input = { ...OF_SERVICES, ResourceIds: services.map(idOf) };
    const { ScalableTargets = [] } = await autoscaling.write(
      'DescribeScalableTargets',
      '*',
      signal,
      ({ sdk, client }, options) => client.send(new sdk.DescribeScalableTargetsCommand(input), options),
    );
    const found = services.map((name) => [name, ScalableTargets.find((one) => one.ResourceId === idOf(name))] as const);
    return new Map(found.flatMap(([name, target]) => (target === undefined ? [] : [[name, target]])));
  }

  async function policiesOf(service: string, signal: AbortSignal): Promise<ScalingPolicy[]> {
    return everyPage<ScalingPolicy>(async (NextToken) => {
      const input = { ...OF_SERVICES, ResourceId: idOf(service), NextToken };
      const page = await autoscaling.read('DescribeScalingPolicies', '*', signal, ({ sdk, client }, options) =>
        client.send(new sdk.DescribeScalingPoliciesCommand(input), options),
      );
      return { items: page.ScalingPolicies ?? [], next: page.NextToken };
    });
  }

  return {
    targets,
    async rules(service, signal) {
      const target = (await targets([service], signal)).get(service);
      return target === undefined ? null : { target, policies: await policiesOf(service, signal) };
    },
    refuseAbove,
    async resize(service, target, size, update, signal) {
      if (target === undefined) return update();
      refuseAbove(service, target, size);
      const { MinCapacity: min = 0 } = target;
      if (keptOf(service) === null && min !== size) {
        await api.tag(service.serviceArn ?? '', MIN_TAG, String(min), signal);
      }
      if (size < min) await setMin(target, size, signal);
      await update();
      if (size > min) await setMin(target, size, signal);
    },
    async letGo(service, target, signal) {
      const kept = keptOf(service);
      if (kept === null || (service.desiredCount ?? 0) === 0) return;
      if (target !== undefined && target.MinCapacity !== kept) await setMin(target, kept, signal);
      await api.untag(service.serviceArn ?? '', MIN_TAG, signal);
    },
  };
}

function keptOf({ tags = [] }: Service): number | null {
  const value = tags.find(({ key }) => key === MIN_TAG)?.value;
  const kept = Number(value);
  return value === undefined || !Number.isInteger(kept) || kept < 0 ? null : kept;
}

function refuseAbove({ serviceName }: Service, target: ScalableTarget | undefined, size: number): void {
  const max = target?.MaxCapacity ?? size;
  if (size <= max) return;
  throw new CutoverError(
    'CUTOVER_AWS_REFUSED',
    `service auto scaling of ${serviceName} has a MaxCapacity of ${max}; it must be at least ${size}, the size that was asked for`,
    { details: { max_capacity: max, size } },
  );
}
