/** Two services of an Amazon ECS cluster, one per colour. */
import type { Service } from '@aws-sdk/client-ecs';
import type { Colour } from '../../plan/types.ts';
import { otherColour } from '../../plan/weights.ts';
import type { Lane } from '../aws/clients.ts';
import { forgetRecent, recent } from '../aws/recent.ts';
import { differencesBetween } from '../facts.ts';
import { imageName, imageOf, imageVersion } from '../image.ts';
import type { ColourState, InstanceState, Platform } from '../types.ts';
import { createEcsApi, type EcsPlace } from './ecs/api.ts';
import { factsOf } from './ecs/parity.ts';
import { lastStopped, problemsOf } from './ecs/problems.ts';
import { createScaling } from './ecs/scaling.ts';
import { definitionOf, primaryOf, readService, readServices } from './ecs/services.ts';
import { readDefinition, readRevision, revisionWith, versionedContainer } from './ecs/task-definitions.ts';
import { instanceOf } from './ecs/tasks.ts';

/** Cluster and services by name or ARN. */
export interface EcsPlatformOptions extends EcsPlace {
  names: Record<Colour, string>;
  /** Container that gets the version; null: the only one. */
  container: string | null;
  /** Image without its version; null: the image that runs. */
  image: string | null;
  /** Port of checks that go past the router; null: the first one that the container maps. */
  port: number | null;
}

/**
 * Registers a revision with another image, sets it and the number of tasks, and nothing else. A colour's version is the tag
 * or digest of its image, so one without either counts as never deployed. ECS has no conditional write: each is absolute, so
 * that it may be sent again, and none rests on a read that may lag. Errors are those of AwsService, and
 * CUTOVER_ROUTER_OBJECT for a service that is deployed by something else.
 */
export function createEcsPlatform(options: EcsPlatformOptions): Platform {
  const { region } = options;
  // Auto scaling knows no ARNs of what it scales.
  const cluster = nameOf(options.cluster);
  const names = { blue: nameOf(options.names.blue), green: nameOf(options.names.green) };
  const api = createEcsApi({ region, cluster });
  const scaling = createScaling({ region, cluster }, api);

  function keyOf(colour: Colour): string {
    return ['ecs', region ?? '', cluster, names[colour], options.container ?? ''].join(' ');
  }

  /** `patient`: for people and waits, who are told why tasks are missing. */
  async function look(colour: Colour, patient: boolean, signal: AbortSignal): Promise<ColourState> {
    const lane = patient ? 'read' : 'write';
    const name = names[colour];
    const running = api.runningTasks(name, lane, signal);
    // Its error is met below, unless that of the service is met before.
    running.catch(() => undefined);
    const service = await readService(api, name, lane, signal);
    const arn = definitionOf(service);
    const [tasks, definition] = await Promise.all([running, readDefinition(api, arn, lane, signal)]);
    const container = versionedContainer(definition, options.container);
    const instances = tasks
      .filter(({ taskDefinitionArn }) => taskDefinitionArn === arn)
      .map((task) => instanceOf(task, definition, container, options.port));
    const ready = instances.filter((instance) => instance.ready).length;
    const desired = service.desiredCount ?? 0;
    const stopped = patient && ready < desired ? await stoppedOf(service, lane, signal) : [];
    return {
      colour,
      version: imageVersion(container.image ?? ''),
      desired,
      ready,
      instances: [...problemsOf(service, ready < desired), ...stopped, ...instances],
    };
  }

  async function stoppedOf(service: Service, lane: Lane, signal: AbortSignal): Promise<InstanceState[]> {
    return lastStopped(service, await api.stoppedTasks(service.serviceName ?? '', lane, signal));
  }

  /** Both, as they are now, with the scalable targets that they have. */
  async function readBoth(colour: Colour, signal: AbortSignal) {
    const pair = [names[colour], names[otherColour(colour)]];
    const [[own, other], targets] = await Promise.all([
      readServices(api, pair, 'write', signal),
      scaling.targets(pair, signal),
    ]);
    if (own === undefined || other === undefined) throw new Error('a service was neither found nor missed');
    return { own, other, ofOwn: targets.get(names[colour]), ofOther: targets.get(names[otherColour(colour)]) };
  }

  async function readOne(colour: Colour, signal: AbortSignal) {
    const name = names[colour];
    const [service, targets] = await Promise.all([
      readService(api, name, 'write', signal),
      scaling.targets([name], signal),
    ]);
    return { service, target: targets.get(name) };
  }

  async function update(
    colour: Colour,
    changes: { desiredCount: number; taskDefinition?: string; forceNewDeployment?: true },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await api.updateService(names[colour], changes, signal);
    } finally {
      forgetRecent(keyOf(colour));
    }
  }

  /** ECS starts no task of a rollout that failed, until there is another one. */
  function hasFailed(service: Service, taskDefinition: string): boolean {
    const primary = primaryOf(service);
    return primary?.rolloutState === 'FAILED' && primary.taskDefinition === taskDefinition;
  }

  async function deploy(colour: Colour, version: string, size: number, signal: AbortSignal): Promise<void> {
    const { service, target } = await readOne(colour, signal);
    scaling.refuseAbove(service, target, size);
    const base = await readRevision(api, definitionOf(service), 'write', signal);
    const { name, image = '' } = versionedContainer(base.definition, options.container);
    const wanted = imageOf(options.image ?? imageName(image), version);
    const taskDefinition = await revisionWith(api, base, name, wanted, signal);
    const again = hasFailed(service, taskDefinition) ? { forceNewDeployment: true as const } : {};
    const work = () => update(colour, { taskDefinition, desiredCount: size, ...again }, signal);
    await scaling.resize(service, target, size, work, signal);
  }

  /** With this colour freed the deployment is over for the other one, too. */
  async function free(colour: Colour, signal: AbortSignal): Promise<void> {
    const { own, other, ofOwn, ofOther } = await readBoth(colour, signal);
    await scaling.resize(own, ofOwn, 0, () => update(colour, { desiredCount: 0 }, signal), signal);
    await scaling.letGo(other, ofOther, signal);
  }

  return {
    async inspect(colour, signal, maxAgeMs = 0) {
      return recent(keyOf(colour), maxAgeMs, signal, (limit) => look(colour, maxAgeMs > 0, limit));
    },
    async compare(active, signal) {
      const colours = [active, otherColour(active)] as const;
      const pair = await readServices(
        api,
        colours.map((colour) => names[colour]),
        'read',
        signal,
      );
      const read = async (service: Service, colour: Colour) => {
        const revision = await readRevision(api, definitionOf(service), 'read', signal);
        const container = versionedContainer(revision.definition, options.container);
        const version = imageVersion(container.image ?? '');
        const scaled = await scaling.rules(names[colour], signal);
        return { version, facts: factsOf({ service, revision, container: container.name, scaled, colour }) };
      };
      const [one, other] = await Promise.all(pair.map((service, at) => read(service, colours[at] ?? active)));
      if (one === undefined || other === undefined || one.version === null) return null;
      return differencesBetween(one.facts, other.facts);
    },
    deploy,
    async scale(colour, size, signal) {
      if (size === 0) return free(colour, signal);
      const { service, target } = await readOne(colour, signal);
      await scaling.resize(service, target, size, () => update(colour, { desiredCount: size }, signal), signal);
    },
    remove: free,
  };
}

/** `arn:aws:ecs:eu-west-1:123456789012:service/shop/checkout-blue` is `checkout-blue`. */
function nameOf(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);
}
