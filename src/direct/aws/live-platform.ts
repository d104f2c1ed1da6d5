/** The platform that registers targets in two target groups, and the version that runs on it. Reads only. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { awsService } from '../../adapters/aws/service.ts';
import { imageName, imageVersion } from '../../adapters/image.ts';
import { templateOf } from '../../adapters/platforms/asg/group.ts';
import { createTemplates } from '../../adapters/platforms/asg/template.ts';
import { createEcsApi } from '../../adapters/platforms/ecs/api.ts';
import { definitionOf } from '../../adapters/platforms/ecs/services.ts';
import { readDefinition, versionedContainer } from '../../adapters/platforms/ecs/task-definitions.ts';
import type { Colour } from '../../plan/types.ts';
import { type FoundService, findBehind } from './behind.ts';
import type { LiveAws, LiveEcs } from './live.ts';

type Platform = Pick<LiveAws, 'platform' | 'version'>;

/** Errors of `findBehind`; CUTOVER_ROUTER_OBJECT when it cannot be told which container has the version. */
export async function livePlatform(
  region: string | null,
  cluster: string | null,
  targetGroups: Record<Colour, string>,
  active: Colour,
  signal: AbortSignal,
): Promise<Platform> {
  const behind = await findBehind(region, cluster, targetGroups, signal);
  return behind.kind === 'ecs'
    ? ofServices(region, behind.services, active, signal)
    : ofGroups(region, behind.groups, active, signal);
}

async function ofServices(
  region: string | null,
  services: Record<Colour, FoundService>,
  active: Colour,
  signal: AbortSignal,
): Promise<Platform> {
  const { cluster, service, container } = services[active];
  const api = createEcsApi({ region, cluster });
  const definition = await readDefinition(api, definitionOf(service), 'read', signal);
  const isOne = definition.containerDefinitions?.length === 1;
  const { image = '' } = versionedContainer(definition, isOne ? null : container);
  const of = (colour: Colour) => services[colour].service;
  const platform: LiveEcs = {
    kind: 'ecs',
    cluster,
    services: { blue: of('blue').serviceName ?? '', green: of('green').serviceName ?? '' },
    container: isOne ? null : container,
    image: imageName(image),
    sizes: { blue: of('blue').desiredCount ?? 0, green: of('green').desiredCount ?? 0 },
  };
  return { platform, version: imageVersion(image) };
}

async function ofGroups(
  region: string | null,
  groups: Record<Colour, AutoScalingGroup>,
  active: Colour,
  signal: AbortSignal,
): Promise<Platform> {
  const { id, number } = templateOf(groups[active]);
  const templates = createTemplates({ region, image: null, imageOwner: 'self' });
  const { version, data } = await templates.find(id, number, signal);
  const name = await imageNameOf(region, data.ImageId, signal);
  const isNamed = version !== null && version !== data.ImageId && name?.includes(version) === true;
  return {
    platform: {
      kind: 'asg',
      groups: { blue: groups.blue.AutoScalingGroupName ?? '', green: groups.green.AutoScalingGroupName ?? '' },
      image: isNamed ? name.replace(version, () => '$version') : null,
      sizes: { blue: groups.blue.DesiredCapacity ?? 0, green: groups.green.DesiredCapacity ?? 0 },
    },
    // A version that no AMI is named after is not to be deployed again by its name.
    version: isNamed ? version : (data.ImageId ?? null),
  };
}

/** Null: it is none of the account's, or not there any more. */
async function imageNameOf(region: string | null, id: string | undefined, signal: AbortSignal): Promise<string | null> {
  if (id === undefined) return null;
  const ec2 = awsService('ec2', region);
  const { Images = [] } = await ec2.read('DescribeImages', '*', signal, ({ sdk, client }, options) =>
    client.send(new sdk.DescribeImagesCommand({ Filters: [{ Name: 'image-id', Values: [id] }] }), options),
  );
  return Images[0]?.Name ?? null;
}
