/** Versions of the two groups' launch templates. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { LaunchTemplateVersion } from '@aws-sdk/client-ec2';
import { everyPage } from '../../../adapters/aws/paging.ts';
import { awsService } from '../../../adapters/aws/service.ts';
import { createGroups, templateOf } from '../../../adapters/platforms/asg/group.ts';
import { CutoverError } from '../../../errors.ts';
import type { Colour } from '../../../plan/types.ts';
import { type Keeping, type Leftover, leftOf } from './leftover.ts';

/** Said of every version that Cutover makes. */
const DESCRIPTION = /^cutover (\S+)$/;

export interface LeftTemplates {
  left: Leftover[];
  /** IDs of the images of every version that stays. */
  images: ReadonlySet<string>;
  /** That the groups serve with. */
  versions: ReadonlySet<string>;
}

/** Errors of AwsService. */
export async function leftTemplates(
  region: string | null,
  groups: Record<Colour, string>,
  keeping: Keeping,
  signal: AbortSignal,
): Promise<LeftTemplates> {
  const found = await createGroups(region).read(Object.values(groups), 'read', signal);
  const left: Leftover[] = [];
  const images = new Set<string>();
  const versions = new Set<string>();
  for (const id of new Set(found.flatMap(templatesOf))) {
    const all = await versionsOf(region, id, signal);
    const used = usedOf(id, all, found);
    const made = all.flatMap((one) => {
      const version = DESCRIPTION.exec(one.VersionDescription ?? '')?.[1];
      return version === undefined ? [] : [{ number: numberOf(one), version, isUsed: used.has(numberOf(one)) }];
    });
    const own = leftOf(made, keeping).filter(({ number }) => !used.has(number));
    left.push(...own.map(({ number, version }) => templateVersion(`${id}:${number}`, version)));
    for (const { version, isUsed } of made) if (isUsed) versions.add(version);
    const gone = new Set(own.map(({ number }) => number));
    for (const one of all) {
      const image = one.LaunchTemplateData?.ImageId;
      if (image !== undefined && !gone.has(numberOf(one))) images.add(image);
    }
  }
  return { left, images, versions };
}

function templateVersion(id: string, version: string): Leftover {
  return { kind: 'launch_template_version', id, version, snapshots: [] };
}

/** Newest first. */
async function versionsOf(region: string | null, id: string, signal: AbortSignal): Promise<LaunchTemplateVersion[]> {
  const ec2 = awsService('ec2', region);
  const found = await everyPage(async (NextToken) => {
    const input = { LaunchTemplateId: id, NextToken };
    const page = await ec2.read('DescribeLaunchTemplateVersions', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeLaunchTemplateVersionsCommand(input), options),
    );
    return { items: page.LaunchTemplateVersions ?? [], next: page.NextToken };
  });
  return found.sort((one, other) => (other.VersionNumber ?? 0) - (one.VersionNumber ?? 0));
}

function numberOf({ VersionNumber }: LaunchTemplateVersion): string {
  return String(VersionNumber);
}

/** The default one and the latest, which others may name by these words; those that a group names; those that instances run. */
function usedOf(
  id: string,
  versions: readonly LaunchTemplateVersion[],
  groups: readonly AutoScalingGroup[],
): ReadonlySet<string> {
  const latest = versions.slice(0, 1).map(numberOf);
  const preset = versions.filter(({ DefaultVersion }) => DefaultVersion === true).map(numberOf);
  const named = groups.flatMap(specificationsOf).filter(({ LaunchTemplateId }) => LaunchTemplateId === id);
  return new Set([...latest, ...preset, ...named.map(({ Version = '$Default' }) => Version)]);
}

function templatesOf(group: AutoScalingGroup): string[] {
  return [templateOf(group).id];
}

function specificationsOf({ LaunchTemplate, MixedInstancesPolicy: mixed, Instances = [] }: AutoScalingGroup) {
  const overrides = mixed?.LaunchTemplate?.Overrides ?? [];
  const all = [
    LaunchTemplate,
    mixed?.LaunchTemplate?.LaunchTemplateSpecification,
    ...overrides.map(({ LaunchTemplateSpecification }) => LaunchTemplateSpecification),
    ...Instances.map((instance) => instance.LaunchTemplate),
  ];
  return all.filter((one) => one !== undefined);
}

/** `lt-…:NUMBER`. CUTOVER_AWS_REFUSED when EC2 says that it was not deleted. */
export async function removeTemplateVersion(region: string | null, id: string, signal: AbortSignal): Promise<void> {
  const [LaunchTemplateId = '', number = ''] = id.split(':');
  const resource = `arn:aws:ec2:*:*:launch-template/${LaunchTemplateId}`;
  const answer = await awsService('ec2', region).write(
    'DeleteLaunchTemplateVersions',
    resource,
    signal,
    ({ sdk, client }, options) =>
      client.send(new sdk.DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [number] }), options),
  );
  const [refused] = answer.UnsuccessfullyDeletedLaunchTemplateVersions ?? [];
  // An attempt whose answer was lost has deleted it already.
  if (refused === undefined || refused.ResponseError?.Code === 'launchTemplateVersionDoesNotExist') return;
  const { Code: code, Message: message } = refused.ResponseError ?? {};
  throw new CutoverError('CUTOVER_AWS_REFUSED', `ec2:DeleteLaunchTemplateVersions on ${id}: ${code}: ${message}`);
}
