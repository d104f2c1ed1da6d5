/** One Auto Scaling group: its size, its lower bound while a deployment runs, and the protection of its instances. */
import type { AutoScalingGroup, Instance } from '@aws-sdk/client-auto-scaling';
import { CutoverError } from '../../../errors.ts';
import { awsService } from '../../aws/service.ts';

/** What the lower bound was before a deployment raised it. */
export const MIN_TAG = 'cutover:min-size';
/** Instances of this group are protected from scale-in by Cutover, until the deployment is over. */
export const PROTECTED_TAG = 'cutover:protected';
/** SetInstanceProtection takes so many instances at once (Auto Scaling API reference). */
const PROTECT_AT_ONCE = 50;

export interface Groups {
  /** CUTOVER_AWS_NOT_FOUND when one of them does not exist. */
  read(names: readonly string[], lane: 'read' | 'write', signal: AbortSignal): Promise<AutoScalingGroup[]>;
  /** Both bounds below and the size are `size`; the launch template's version, too, when it is named. */
  hold(group: AutoScalingGroup, size: number, template: TemplateName | null, signal: AbortSignal): Promise<void>;
  /** Scaled to 0, and never woken by its lower bound. */
  free(group: AutoScalingGroup, signal: AbortSignal): Promise<void>;
  /** The deployment is over for the group that stays: its lower bound is what it was, or `atLeast` if that is more. */
  letGo(group: AutoScalingGroup, atLeast: number, signal: AbortSignal): Promise<void>;
  /** Its instances are not chosen when something scales it in. */
  protect(group: AutoScalingGroup, signal: AbortSignal): Promise<void>;
  unprotect(group: AutoScalingGroup, signal: AbortSignal): Promise<void>;
  /** Replaces the instances of other versions of the template; one that goes on already is left to do so. */
  refresh(group: AutoScalingGroup, signal: AbortSignal): Promise<void>;
}

export interface TemplateName {
  id: string;
  number: string;
}

export function createGroups(region: string | null): Groups {
  const autoscaling = awsService('autoscaling', region);

  async function read(
    names: readonly string[],
    lane: 'read' | 'write',
    signal: AbortSignal,
  ): Promise<AutoScalingGroup[]> {
    const { AutoScalingGroups: found = [] } = await autoscaling[lane](
      'DescribeAutoScalingGroups',
      '*',
      signal,
      ({ sdk, client }, options) =>
        client.send(new sdk.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [...names] }), options),
    );
    return names.map((name) => {
      const group = found.find(({ AutoScalingGroupName }) => AutoScalingGroupName === name);
      if (group !== undefined) return group;
      throw new CutoverError('CUTOVER_AWS_NOT_FOUND', `there is no Auto Scaling group "${name}" in this region`);
    });
  }

  function update(
    group: AutoScalingGroup,
    bounds: { MinSize: number; DesiredCapacity?: number },
    template: TemplateName | null,
    signal: AbortSignal,
  ): Promise<unknown> {
    const which = template === null ? null : { LaunchTemplateId: template.id, Version: template.number };
    return autoscaling.write('UpdateAutoScalingGroup', arnOf(group), signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.UpdateAutoScalingGroupCommand({
          AutoScalingGroupName: nameOf(group),
          ...bounds,
          ...(which === null ? {} : templateIn(group, which)),
        }),
        options,
      ),
    );
  }

  async function tag(group: AutoScalingGroup, key: string, value: string, signal: AbortSignal): Promise<void> {
    if (tagOf(group, key) === value) return;
    await autoscaling.write('CreateOrUpdateTags', arnOf(group), signal, ({ sdk, client }, options) =>
      client.send(new sdk.CreateOrUpdateTagsCommand({ Tags: [{ ...tagged(group, key), Value: value }] }), options),
    );
  }

  async function untag(group: AutoScalingGroup, key: string, signal: AbortSignal): Promise<void> {
    if (tagOf(group, key) === null) return;
    await autoscaling.write('DeleteTags', arnOf(group), signal, ({ sdk, client }, options) =>
      client.send(new sdk.DeleteTagsCommand({ Tags: [tagged(group, key)] }), options),
    );
  }

  async function setProtection(group: AutoScalingGroup, isProtected: boolean, signal: AbortSignal): Promise<void> {
    const others = instancesOf(group)
      .filter(({ ProtectedFromScaleIn }) => (ProtectedFromScaleIn ?? false) !== isProtected)
      // Those that are not in service yet, or not any more, refuse it.
      .filter(({ LifecycleState }) => LifecycleState === 'InService')
      .map(({ InstanceId }) => InstanceId ?? '');
    for (let first = 0; first < others.length; first += PROTECT_AT_ONCE) {
      const InstanceIds = others.slice(first, first + PROTECT_AT_ONCE);
      await autoscaling.write('SetInstanceProtection', arnOf(group), signal, ({ sdk, client }, options) =>
        client.send(
          new sdk.SetInstanceProtectionCommand({
            AutoScalingGroupName: nameOf(group),
            InstanceIds,
            ProtectedFromScaleIn: isProtected,
          }),
          options,
        ),
      );
    }
  }

  async function unprotect(group: AutoScalingGroup, signal: AbortSignal): Promise<void> {
    if (tagOf(group, PROTECTED_TAG) === null) return;
    await setProtection(group, false, signal);
    await untag(group, PROTECTED_TAG, signal);
  }

  return {
    read,
    unprotect,
    async hold(group, size, template, signal) {
      const max = group.MaxSize ?? 0;
      if (size > max) {
        const told = `the group ${nameOf(group)} may have ${max} instances at most, and ${size} are asked for`;
        throw new CutoverError('CUTOVER_AWS_REFUSED', `${told}: raise its MaxSize`);
      }
      // Before the bound is changed: a second attempt must not take its own bound for the earlier one.
      if (tagOf(group, MIN_TAG) === null) await tag(group, MIN_TAG, String(group.MinSize ?? 0), signal);
      const isHeld = group.MinSize === size && group.DesiredCapacity === size;
      if (isHeld && (template === null || isTemplate(group, template))) return;
      await update(group, { MinSize: size, DesiredCapacity: size }, template, signal);
    },
    async free(group, signal) {
      await unprotect(group, signal);
      if (group.DesiredCapacity === 0 && group.MinSize === 0) return;
      if (tagOf(group, MIN_TAG) === null) await tag(group, MIN_TAG, String(group.MinSize ?? 0), signal);
      await update(group, { MinSize: 0, DesiredCapacity: 0 }, null, signal);
    },
    async letGo(group, atLeast, signal) {
      await unprotect(group, signal);
      const before = tagOf(group, MIN_TAG);
      if (before === null) return;
      const min = Math.min(Math.max(Number(before), atLeast), group.DesiredCapacity ?? 0);
      if (group.MinSize !== min) await update(group, { MinSize: min }, null, signal);
      await untag(group, MIN_TAG, signal);
    },
    async protect(group, signal) {
      await tag(group, PROTECTED_TAG, 'true', signal);
      await setProtection(group, true, signal);
    },
    async refresh(group, signal) {
      try {
        await autoscaling.write('StartInstanceRefresh', arnOf(group), signal, ({ sdk, client }, options) =>
          client.send(
            new sdk.StartInstanceRefreshCommand({
              AutoScalingGroupName: nameOf(group),
              // It has no traffic: all of its instances may be replaced at once.
              Preferences: { MinHealthyPercentage: 0, InstanceWarmup: 0, SkipMatching: true },
            }),
            options,
          ),
        );
      } catch (error) {
        const isRunning = error instanceof CutoverError && error.details.error === 'InstanceRefreshInProgress';
        if (!isRunning) throw error;
      }
    },
  };
}

export function instancesOf({ Instances = [] }: AutoScalingGroup): Instance[] {
  return Instances;
}

export function nameOf({ AutoScalingGroupName = '' }: AutoScalingGroup): string {
  return AutoScalingGroupName;
}

function arnOf({ AutoScalingGroupARN = '*' }: AutoScalingGroup): string {
  return AutoScalingGroupARN;
}

/** Null: the group has no such tag. */
export function tagOf({ Tags = [] }: AutoScalingGroup, key: string): string | null {
  return Tags.find((tag) => tag.Key === key)?.Value ?? null;
}

/** The launch template of the group, also within a mixed instances policy; a group without one is refused. */
export function templateOf(group: AutoScalingGroup): TemplateName {
  const found =
    group.LaunchTemplate ?? group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification ?? undefined;
  if (found?.LaunchTemplateId === undefined) {
    const told = `the group ${nameOf(group)} has a launch configuration, and must have a launch template`;
    throw new CutoverError('CUTOVER_AWS_REFUSED', told);
  }
  return { id: found.LaunchTemplateId, number: found.Version ?? '$Default' };
}

function isTemplate(group: AutoScalingGroup, { id, number }: TemplateName): boolean {
  const now = templateOf(group);
  return now.id === id && now.number === number;
}

/** Overrides and distribution of a mixed instances policy stay as they are. */
function templateIn(
  { MixedInstancesPolicy: mixed }: AutoScalingGroup,
  which: { LaunchTemplateId: string; Version: string },
) {
  if (mixed === undefined) return { LaunchTemplate: which };
  const LaunchTemplate = { ...mixed.LaunchTemplate, LaunchTemplateSpecification: which };
  return { MixedInstancesPolicy: { ...mixed, LaunchTemplate } };
}

function tagged(group: AutoScalingGroup, key: string) {
  const ResourceId = nameOf(group);
  return { ResourceId, ResourceType: 'auto-scaling-group', Key: key, PropagateAtLaunch: false };
}
