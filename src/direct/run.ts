/** Assembly: a direct rollback on the adapters that a plan names. No connection to Temporal is made. */
import { systemClock } from '../activities/clock.ts';
import { createAdapters } from '../adapters/registry.ts';
import type { Plan } from '../plan/types.ts';
import type { DirectEvent } from './context.ts';
import { type DirectResult, rollBackDirectly } from './rollback.ts';

export interface DirectOptions {
  /** Admin URL of the local program, for plans that name none. */
  localUrl: string;
  force: boolean;
  onEvent(event: DirectEvent): void;
  signal?: AbortSignal;
}

export type DirectReport = DirectResult & { took_ms: number; events: DirectEvent[] };

/** See `rollBackDirectly` for the errors. */
export async function runDirectRollback(plan: Plan, options: DirectOptions): Promise<DirectReport> {
  const adapters = createAdapters({ localUrl: options.localUrl, log: () => undefined });
  const startedAtMs = Date.now();
  const events: DirectEvent[] = [];
  const result = await rollBackDirectly({
    plan,
    platform: adapters.platform(plan, true),
    router: adapters.router(plan, true),
    clock: systemClock,
    signal: options.signal ?? new AbortController().signal,
    force: options.force,
    tell(kind, text) {
      const nowMs = Date.now();
      const event = { at: new Date(nowMs).toISOString(), after_ms: nowMs - startedAtMs, kind, text };
      events.push(event);
      options.onEvent(event);
    },
  });
  return { ...result, took_ms: Date.now() - startedAtMs, events };
}
