/** Two Amazon EC2 Auto Scaling groups, one per colour. */
import type { AutoScalingGroup, Instance } from '@aws-sdk/client-auto-scaling';
import type { Colour } from '../../plan/types.ts';
import { otherColour } from '../../plan/weights.ts';
import { forgetRecent, recent } from '../aws/recent.ts';
import { awsService } from '../aws/service.ts';
import type { ColourState, InstanceState, Platform } from '../types.ts';
import { createGroups, instancesOf, MIN_TAG, nameOf, tagOf, templateOf } from './asg/group.ts';
import { addressesOf, type Unhealthy, unhealthyTargets } from './asg/instances.ts';
import { compareGroups } from './asg/parity.ts';
import { createTemplates, type TemplateVersion } from './asg/template.ts';

export interface AsgPlatformOptions {
  /** Null: the one of the SDK's default chain. */
  region: string | null;
  groups: Record<Colour, string>;
  /** Name of the AMI, with `$version` in it; null: versions are AMI IDs. */
  image: string | null;
  imageOwner: string;
  /** Port of checks that go past the load balancer; null: there are none. */
  port: number | null;
}

/**
 * Sets the version of the launch template, the size and its lower bound, and nothing else. A colour's version is the one that
 * its template's version was made for, else its AMI. Errors of AwsService; CUTOVER_AWS_NOT_FOUND when a group or an AMI does not
 * exist.
 */
export function createAsgPlatform(options: AsgPlatformOptions): Platform {
  const { region, groups: names, port } = options;
  const groups = createGroups(region);
  const templates = createTemplates(options);

  const keyOf = (colour: Colour) => `asg ${region ?? ''} ${names[colour]} `;

  async function readOne(colour: Colour, signal: AbortSignal): Promise<AutoScalingGroup> {
    const [group] = await groups.read([names[colour]], 'write', signal);
    return group as AutoScalingGroup;
  }

  async function look(colour: Colour, lane: 'read' | 'write', signal: AbortSignal): Promise<ColourState> {
    const [group] = (await groups.read([names[colour]], lane, signal)) as [AutoScalingGroup];
    const { id, number } = templateOf(group);
    const [template, unhealthy] = await Promise.all([
      templates.find(id, number, signal),
      unhealthyTargets(region, group.TargetGroupARNs ?? [], lane, signal),
    ]);
    const instances = await describeInstances(group, template, unhealthy, signal);
    const desired = group.DesiredCapacity ?? 0;
    const isShort = instances.length < desired;
    return {
      colour,
      version: template.version,
      desired,
      ready: instances.filter(({ ready }) => ready).length,
      instances: isShort && lane === 'read' ? [...instances, ...(await problemsOf(group, signal))] : instances,
    };
  }

  async function describeInstances(
    group: AutoScalingGroup,
    template: TemplateVersion,
    unhealthy: Unhealthy,
    signal: AbortSignal,
  ): Promise<InstanceState[]> {
    const all = instancesOf(group).filter(({ LifecycleState = '' }) => !LifecycleState.startsWith('Warmed:'));
    const ids = all.map(({ InstanceId = '' }) => InstanceId);
    const urls = port === null ? new Map<string, string>() : await addressesOf(region, ids, signal);
    return all.map((instance) => {
      const id = instance.InstanceId ?? '';
      const address = urls.get(id);
      const reason = reasonOf(instance, template) ?? unhealthy.get(id) ?? null;
      return { id, url: address === undefined ? null : `http://${address}:${port}`, ready: reason === null, reason };
    });
  }

  /** Why there are fewer instances than were asked for, as the group's last activity tells it. */
  async function problemsOf(group: AutoScalingGroup, signal: AbortSignal): Promise<InstanceState[]> {
    const reasons = (group.SuspendedProcesses ?? [])
      .filter(({ ProcessName }) => ProcessName === 'Launch')
      .map(({ SuspensionReason }) => `launching is suspended${SuspensionReason ? `: ${SuspensionReason}` : ''}`);
    const autoscaling = awsService('autoscaling', region);
    const { Activities = [] } = await autoscaling.read(
      'DescribeScalingActivities',
      '*',
      signal,
      ({ sdk, client }, call) =>
        client.send(
          new sdk.DescribeScalingActivitiesCommand({ AutoScalingGroupName: nameOf(group), MaxRecords: 1 }),
          call,
        ),
    );
    for (const { StatusCode, StatusMessage } of Activities) {
      if (StatusCode === 'Failed' || StatusCode === 'Cancelled') reasons.push(StatusMessage ?? StatusCode);
    }
    return reasons.map((reason) => ({ id: `group/${nameOf(group)}`, url: null, ready: false, reason }));
  }

  async function free(colour: Colour, signal: AbortSignal): Promise<void> {
    const other = otherColour(colour);
    const [freed, kept] = await groups.read([names[colour], names[other]], 'write', signal);
    if (freed === undefined || kept === undefined) return;
    await groups.free(freed, signal);
    await groups.letGo(kept, Number(tagOf(freed, MIN_TAG) ?? freed.MinSize ?? 0), signal);
    forgetRecent(keyOf(colour));
    forgetRecent(keyOf(other));
  }

  return {
    async inspect(colour, signal, maxAgeMs = 0) {
      const lane = maxAgeMs === 0 ? 'write' : 'read';
      return recent(`${keyOf(colour)}state`, maxAgeMs, signal, (limit) => look(colour, lane, limit));
    },
    async compare(active, signal) {
      const standby = otherColour(active);
      const [one, other] = await groups.read([names[active], names[standby]], 'read', signal);
      if (one === undefined || other === undefined) return null;
      const [oneTemplate, otherTemplate] = await Promise.all(
        [one, other].map((group) => {
          const { id, number } = templateOf(group);
          return templates.find(id, number, signal);
        }),
      );
      if (oneTemplate?.version == null || otherTemplate === undefined) return null;
      const sides = [
        { colour: active, group: one, template: oneTemplate },
        { colour: standby, group: other, template: otherTemplate },
      ] as const;
      return compareGroups(region, sides[0], sides[1], signal);
    },
    async deploy(colour, version, size, signal) {
      const other = otherColour(colour);
      const [group, serving] = await groups.read([names[colour], names[other]], 'write', signal);
      if (group === undefined || serving === undefined) return;
      const { id, number } = templateOf(group);
      const now = await templates.find(id, number, signal);
      const next = now.version === version ? now : await templates.forVersion(now, version, signal);
      await groups.protect(serving, signal);
      await groups.hold(group, size, { id, number: next.number }, signal);
      forgetRecent(keyOf(colour));
      const isStale = ({ LaunchTemplate, LifecycleState }: Instance) =>
        LaunchTemplate?.Version !== next.number && LifecycleState?.startsWith('Terminat') !== true;
      if (size > 0 && instancesOf(group).some(isStale)) await groups.refresh(group, signal);
    },
    async scale(colour, size, signal) {
      if (size === 0) return free(colour, signal);
      const group = await readOne(colour, signal);
      // A protected instance would stay, whatever the size.
      if (size < (group.DesiredCapacity ?? 0)) await groups.unprotect(group, signal);
      await groups.hold(group, size, null, signal);
      forgetRecent(keyOf(colour));
    },
    remove: free,
  };
}

/** For people; null: in service, well, and of the template's version that the group names. */
function reasonOf(
  { LifecycleState, HealthStatus, LaunchTemplate }: Instance,
  template: TemplateVersion,
): string | null {
  if (LifecycleState === 'Pending:Wait') return 'Pending:Wait: its lifecycle hook is not completed';
  if (LifecycleState !== 'InService') return LifecycleState ?? 'in no known state';
  if (LaunchTemplate?.Version !== template.number) {
    return `runs version ${LaunchTemplate?.Version ?? 'none'} of the launch template, not ${template.number}`;
  }
  return HealthStatus?.toLowerCase() === 'healthy' ? null : `the group calls it ${HealthStatus ?? 'unknown'}`;
}
