/** In what the colours of an ECS service differ, apart from version, size and what is each one's own. */
import type { ContainerDefinition, LoadBalancer, Service } from '@aws-sdk/client-ecs';
import type { Colour } from '../../../plan/types.ts';
import { type Facts, hashOf, neutralFacts, putFacts } from '../../facts.ts';
import { MIN_TAG, type ScalingRules } from './scaling.ts';
import { primaryOf } from './services.ts';
import { type Revision, registerable } from './task-definitions.ts';

interface Subject {
  service: Service;
  revision: Revision;
  /** Whose image is the version. */
  container: string | undefined;
  scaled: ScalingRules | null;
  colour: Colour;
}

export function factsOf({ service, revision, container, scaled, colour }: Subject): Facts {
  const facts: Facts = new Map();
  const { family: _, containerDefinitions = [], tags, ...rest } = registerable(revision);
  putFacts(facts, 'taskDefinition', rest);
  for (const { key, value } of tags) putFacts(facts, `taskDefinition.tags.${key}`, value);
  for (const one of containerDefinitions) putContainer(facts, one, one.name === container);
  putFacts(facts, 'service', settingsOf(service));
  for (const { key, value } of service.tags ?? []) {
    if (key !== MIN_TAG && key?.startsWith('aws:') !== true) putFacts(facts, `service.tags.${key}`, value);
  }
  if (scaled !== null) putScaling(facts, scaled);
  return neutralFacts(facts, colour);
}

function putContainer(facts: Facts, { name, image, ...definition }: ContainerDefinition, isVersioned: boolean): void {
  const path = `containers.${name}`;
  const { environment = [], secrets = [], ...rest } = definition;
  putFacts(facts, path, rest);
  if (!isVersioned) putFacts(facts, `${path}.image`, image);
  for (const one of environment) putFacts(facts, `${path}.environment.${one.name}`, hashOf(one.value ?? ''));
  // Where the value is kept, which is no secret.
  for (const one of secrets) putFacts(facts, `${path}.secrets.${one.name}`, one.valueFrom);
}

function settingsOf(service: Service): object {
  const primary = primaryOf(service);
  return {
    launchType: service.launchType,
    capacityProviderStrategy: service.capacityProviderStrategy,
    platformVersion: service.platformVersion,
    platformFamily: service.platformFamily,
    networkConfiguration: service.networkConfiguration,
    loadBalancers: service.loadBalancers?.map(withoutTarget),
    serviceRegistries: service.serviceRegistries?.map(({ registryArn: _, ...rest }) => rest),
    serviceConnect: primary?.serviceConnectConfiguration,
    volumeConfigurations: primary?.volumeConfigurations,
    deploymentConfiguration: service.deploymentConfiguration,
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds,
    placementConstraints: service.placementConstraints,
    placementStrategy: service.placementStrategy,
    enableExecuteCommand: service.enableExecuteCommand,
    enableECSManagedTags: service.enableECSManagedTags,
    propagateTags: service.propagateTags,
    availabilityZoneRebalancing: service.availabilityZoneRebalancing,
  };
}

/** Each colour has a target group of its own: that is how the router tells them apart. */
function withoutTarget({ containerName, containerPort }: LoadBalancer): LoadBalancer {
  return { containerName, containerPort };
}

/** Without its lower bound, which a deployment raises and restores; policies by name, since they have no order. */
function putScaling(facts: Facts, { target, policies }: ScalingRules): void {
  putFacts(facts, 'scaling.maxCapacity', target.MaxCapacity);
  putFacts(facts, 'scaling.suspended', target.SuspendedState);
  for (const policy of policies) {
    const path = `scaling.policies.${policy.PolicyName}`;
    const { TargetTrackingScalingPolicyConfiguration: tracking } = policy;
    putFacts(facts, `${path}.type`, policy.PolicyType);
    putFacts(facts, `${path}.steps`, policy.StepScalingPolicyConfiguration);
    putFacts(facts, `${path}.prediction`, policy.PredictiveScalingPolicyConfiguration);
    if (tracking === undefined) continue;
    const { PredefinedMetricSpecification: predefined, ...rest } = tracking;
    putFacts(facts, `${path}.tracking`, rest);
    // Its label names the target group.
    putFacts(facts, `${path}.tracking.metric`, predefined?.PredefinedMetricType);
  }
}
