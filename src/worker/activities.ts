import { createMutationActivities } from '../activities/mutations.ts';
import type { MutationActivities, WatchActivities } from '../activities/types.ts';
import { createWatchActivities } from '../activities/watch-activities.ts';
import { type AdapterSettings, createAdapters } from '../adapters/registry.ts';
import { smokeSecrets } from './smoke-secrets.ts';

/** Every activity on the real adapters, which both workers of the process share. */
export function createActivities(settings: AdapterSettings): { mutations: MutationActivities; watch: WatchActivities } {
  const adapters = createAdapters(settings);
  const secrets = smokeSecrets(process.env);
  return { mutations: createMutationActivities({ adapters }), watch: createWatchActivities({ adapters, secrets }) };
}
