import { createMutationActivities } from '../activities/mutations.ts';
import type { MutationActivities, WatchActivities } from '../activities/types.ts';
import { createWatchActivities } from '../activities/watch-activities.ts';
import { createCloudFront } from '../adapters/cdn/cloudfront.ts';
import { measured } from '../adapters/measured.ts';
import { type AdapterSettings, createAdapters } from '../adapters/registry.ts';
import type { Meters } from './metrics/meters.ts';
import { smokeSecrets } from './smoke-secrets.ts';

export interface ActivitySettings extends AdapterSettings {
  /** The directory that scripts of a plan must lie in; none: none are run. */
  scripts?: string | null | undefined;
}

/** Every activity on the real adapters, which both workers of the process share. */
export function createActivities(
  settings: ActivitySettings,
  meters?: Meters,
): { mutations: MutationActivities; watch: WatchActivities } {
  const secrets = smokeSecrets(process.env);
  const built = createAdapters({ secrets, ...settings });
  const adapters = meters === undefined ? built : measured(built, meters.adapters);
  return {
    mutations: createMutationActivities({ adapters }),
    watch: createWatchActivities({
      ...{ adapters, secrets, scripts: settings.scripts ?? null },
      ...{ cdn: createCloudFront(), observer: meters?.observer },
    }),
  };
}
