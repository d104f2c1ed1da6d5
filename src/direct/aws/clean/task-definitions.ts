/** Revisions of the two services' task definitions. */
import type { Service } from '@aws-sdk/client-ecs';
import { everyPage, someAtOnce } from '../../../adapters/aws/paging.ts';
import { awsService } from '../../../adapters/aws/service.ts';
import { imageName, imageVersion } from '../../../adapters/image.ts';
import { createEcsApi, type EcsApi } from '../../../adapters/platforms/ecs/api.ts';
import { definitionOf, readServices } from '../../../adapters/platforms/ecs/services.ts';
import { readDefinition, versionedContainer } from '../../../adapters/platforms/ecs/task-definitions.ts';
import type { Colour } from '../../../plan/types.ts';
import { type Keeping, type Leftover, leftOf } from './leftover.ts';

export interface EcsNames {
  region: string | null;
  cluster: string;
  services: Record<Colour, string>;
  container: string | null;
  /** Without its version; null: those that the services run. */
  image: string | null;
}

interface Revision {
  arn: string;
  version: string;
  isUsed: boolean;
}

const AT_ONCE = 4;

/**
 * Nothing marks a revision as Cutover's: those of the families of the two services count whose container has the services' own
 * image, in a version. Errors of AwsService, and CUTOVER_ROUTER_OBJECT.
 */
export async function leftRevisions(names: EcsNames, keeping: Keeping, signal: AbortSignal): Promise<Leftover[]> {
  const api = createEcsApi(names);
  const services = await readServices(api, Object.values(names.services), 'read', signal);
  const used = new Set(services.flatMap(definitionsOf));
  const current = await someAtOnce([...used], AT_ONCE, (arn) => readDefinition(api, arn, 'read', signal));
  const images = new Set(
    names.image === null
      ? current.map((definition) => imageName(versionedContainer(definition, names.container).image ?? ''))
      : [names.image],
  );
  const families = new Set(current.map(({ family = '' }) => family));
  const found: Leftover[] = [];
  for (const family of families) {
    const arns = await revisionsOf(family, names.region, signal);
    const read = (arn: string) => revision(api, arn, used.has(arn), { ...names, images }, signal);
    const made = (await someAtOnce(arns, AT_ONCE, read)).filter((one) => one !== null);
    const left = leftOf(made, keeping);
    found.push(
      ...left.map(({ arn, version }) => ({ kind: 'task_definition' as const, id: arn, version, snapshots: [] })),
    );
  }
  return found;
}

/** Of every deployment that is under way, and of task sets. */
function definitionsOf(service: Service): string[] {
  const { taskDefinition, deployments = [], taskSets = [] } = service;
  const all = [
    definitionOf(service),
    taskDefinition,
    ...[...deployments, ...taskSets].map((one) => one.taskDefinition),
  ];
  return all.filter((arn) => arn !== undefined && arn !== '') as string[];
}

/** Active ones, the newest first. */
async function revisionsOf(family: string, region: string | null, signal: AbortSignal): Promise<string[]> {
  const ecs = awsService('ecs', region);
  const arns = await everyPage(async (nextToken) => {
    const input = { familyPrefix: family, status: 'ACTIVE', sort: 'DESC', nextToken } as const;
    const page = await ecs.read('ListTaskDefinitions', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.ListTaskDefinitionsCommand(input), options),
    );
    return { items: page.taskDefinitionArns ?? [], next: page.nextToken };
  });
  return arns.filter((arn) => arn.includes(`/${family}:`)).sort((one, other) => numberIn(other) - numberIn(one));
}

function numberIn(arn: string): number {
  return Number(arn.slice(arn.lastIndexOf(':') + 1));
}

/** Null: something else than a version of the service. */
async function revision(
  api: EcsApi,
  arn: string,
  isUsed: boolean,
  { container, images }: { container: string | null; images: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<Revision | null> {
  const { containerDefinitions = [] } = await readDefinition(api, arn, 'read', signal);
  const own = containerDefinitions.filter(({ name }) => container === null || name === container);
  const [only] = own;
  if (only?.image === undefined || own.length > 1 || !images.has(imageName(only.image))) return null;
  const version = imageVersion(only.image);
  return version === null ? null : { arn, version, isUsed };
}

export async function removeRevision(region: string | null, arn: string, signal: AbortSignal): Promise<void> {
  await awsService('ecs', region).write('DeregisterTaskDefinition', '*', signal, ({ sdk, client }, options) =>
    client.send(new sdk.DeregisterTaskDefinitionCommand({ taskDefinition: arn }), options),
  );
}
