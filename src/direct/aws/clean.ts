/** Assembly: what deployments past their lease have left in AWS, and its removal. */
import pRetry from 'p-retry';
import { bounded, messageOf } from '../../activities/clock.ts';
import { settingsOf } from '../../adapters/settings.ts';
import { CutoverError } from '../../errors.ts';
import { asgPlatform, ecsPlatform } from '../../plan/schema/platforms.ts';
import type { OtherAdapterPlan, Plan } from '../../plan/types.ts';
import { leftImages, removeImage, removeSnapshot } from './clean/images.ts';
import type { Keeping, Leftover, Removed } from './clean/leftover.ts';
import { leftRevisions, removeRevision } from './clean/task-definitions.ts';
import { leftTemplates, removeTemplateVersion } from './clean/templates.ts';

export interface RemoveOptions {
  /** Those of removed images, too. */
  snapshots: boolean;
  onRemoved: (removed: Removed) => void;
}

/** Hundreds of revisions are read one by one, under the rate limit that reads share. */
const LIMIT_MS = 300_000;
/** ECS and EC2 let about one removal a second through for long. Each may be repeated. */
const THROTTLING = { retries: 3, minTimeout: 500, factor: 2 } as const;

/** CUTOVER_USAGE for a platform that keeps nothing of earlier versions; errors of AwsService. Reads only. */
export function findLeftovers({ platform }: Plan, keeping: Keeping): Promise<Leftover[]> {
  return bounded(LIMIT_MS, new AbortController().signal, async (signal) => {
    switch (platform.kind) {
      case 'ecs': {
        const settings = settingsOf(ecsPlatform, platform as OtherAdapterPlan);
        const { region = null, container = null, image = null, ...names } = settings;
        return leftRevisions({ ...names, region, container, image }, keeping, signal);
      }
      case 'asg': {
        const settings = settingsOf(asgPlatform, platform as OtherAdapterPlan);
        const { region = null, groups, image, image_owner: owner = 'self' } = settings;
        const { left, images, versions } = await leftTemplates(region, groups, keeping, signal);
        if (image === undefined || owner !== 'self') return left;
        const all = { ...keeping, versions: new Set([...keeping.versions, ...versions]) };
        return [...left, ...(await leftImages(region, image, images, all, signal))];
      }
      default: {
        const told = `\`cutover clean\` is for the platforms ecs and asg: on ${platform.kind} Cutover leaves nothing behind.`;
        throw new CutoverError('CUTOVER_USAGE', told);
      }
    }
  });
}

/** One after the other, images after what names them. One that fails holds up no other. */
export async function removeLeftovers(
  { platform }: Plan,
  leftovers: readonly Leftover[],
  { snapshots, onRemoved }: RemoveOptions,
): Promise<Removed[]> {
  const { region: named } = platform as OtherAdapterPlan;
  const region = typeof named === 'string' ? named : null;
  const { signal } = new AbortController();
  const removed: Removed[] = [];
  const attempt = async (id: string, remove: () => Promise<void>): Promise<boolean> => {
    const problem = await pRetry(remove, { ...THROTTLING, shouldRetry: ({ error }) => isThrottled(error) }).then(
      () => null,
      messageOf,
    );
    removed.push({ id, problem });
    onRemoved({ id, problem });
    return problem === null;
  };
  for (const { kind, id, snapshots: its } of leftovers) {
    const isGone = await attempt(id, () => REMOVERS[kind](region, id, signal));
    if (!isGone || !snapshots) continue;
    for (const snapshot of its) await attempt(snapshot, () => removeSnapshot(region, snapshot, signal));
  }
  return removed;
}

function isThrottled(error: unknown): boolean {
  return error instanceof CutoverError && error.code === 'CUTOVER_AWS_THROTTLED';
}

const REMOVERS: Readonly<
  Record<Leftover['kind'], (region: string | null, id: string, signal: AbortSignal) => Promise<void>>
> = {
  task_definition: removeRevision,
  launch_template_version: removeTemplateVersion,
  image: removeImage,
};
