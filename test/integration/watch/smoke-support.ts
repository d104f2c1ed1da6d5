/** Runs the activity of the smoke suite on instances at given addresses. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { SmokeInput, SmokeResult } from '../../../src/activities/types.ts';
import { createWatchActivities } from '../../../src/activities/watch-activities.ts';
import type { Adapters } from '../../../src/adapters/registry.ts';
import type { ColourState, Platform } from '../../../src/adapters/types.ts';
import type { SmokePlan } from '../../../src/plan/types.ts';
import { watchInput } from '../../support/watch-world.ts';

export const PASSWORD = 'correct "horse" battery/staple';
export const VERSION = '2.4.1';

export interface Run {
  result: SmokeResult;
  /** Everything that leaves the activity: result and heartbeats. */
  written: string;
}

export interface RunOptions {
  secrets?: Record<string, string>;
  signal?: AbortSignal;
}

/** Runs the suite on ready instances at these addresses. */
export async function runOn(urls: string[], smoke: SmokePlan, options: RunOptions = {}): Promise<Run> {
  const platform = { inspect: async () => readyState(urls) } as unknown as Platform;
  const secrets = options.secrets ?? { SMOKE_PASSWORD: PASSWORD };
  const { runSmoke } = createWatchActivities({
    adapters: { platform: () => platform } as unknown as Adapters,
    secrets: (name) => secrets[name],
  });
  const mock = new MockActivityEnvironment({ activityId: '7' }, { logger: new DefaultLogger('ERROR') });
  const beats: unknown[] = [];
  mock.on('heartbeat', (details: unknown) => beats.push(details));
  options.signal?.addEventListener('abort', () => mock.cancel());
  const result = (await mock.run(() => runSmoke(inputOf(smoke)))) as SmokeResult;
  return { result, written: JSON.stringify([result, beats]) };
}

/** Check and note of everything that failed. */
export function notesOf({ result }: Run): string[] {
  return result.checks.flatMap(({ name, ok, note }) => (ok ? [] : [`${name}: ${note}`]));
}

export function inputOf(smoke: SmokePlan): SmokeInput {
  return { target: watchInput({}).target, colour: 'green', version: VERSION, smoke };
}

export function readyState(urls: string[]): ColourState {
  const instances = urls.map((url, index) => ({ id: `green-${index + 1}`, url, ready: true, reason: null }));
  return { colour: 'green', version: VERSION, desired: urls.length, ready: urls.length, instances };
}
