/** Deployments as this worker sees them go by. */
import type { InjectedSinks } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import { Counter, Histogram, type Registry } from 'prom-client';
import { createTold } from '../../adapters/notifiers/told.ts';
import type { MeterSinks } from '../../workflows/meters.ts';
import { OUTCOMES } from './names.ts';

/** From a second to a day. */
const PHASE_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400];
/** From a router that answers at once to a person who has to help. */
const ROLLBACK_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];

export function createRunMeters(registry: Registry): InjectedSinks<MeterSinks> {
  const registers = [registry];
  const started = new Counter({
    ...{ name: 'cutover_deployments_started_total', help: 'Deployments that began on this worker.', registers },
  });
  const ended = new Counter({
    ...{ name: 'cutover_deployments_ended_total', help: 'Deployments that ended on this worker.', registers },
    labelNames: ['outcome'] as const,
  });
  for (const outcome of OUTCOMES) ended.inc({ outcome }, 0);
  const phases = new Histogram({
    ...{ name: 'cutover_phase_duration_seconds', help: 'How long phases took that ended by themselves.', registers },
    labelNames: ['phase', 'state'] as const,
    buckets: PHASE_BUCKETS,
  });
  const rollbacks = new Histogram({
    ...{ name: 'cutover_rollback_seconds', help: 'From the request to the proven return of all traffic.', registers },
    labelNames: ['from_phase', 'automatic'] as const,
    buckets: ROLLBACK_BUCKETS,
  });
  // A workflow task whose answer the server did not take is done again, and tells the same again.
  const told = createTold();
  const once = (info: WorkflowInfo, what: string, tell: () => void) => {
    const id = `${info.runId} ${what}`;
    if (!told.has(id)) tell();
    told.add(id);
  };
  return {
    meters: {
      started: { fn: (info) => once(info, 'started', () => started.inc()) },
      phaseEnded: {
        fn: (info, phase, durationMs, state) =>
          once(info, `${phase} ${state}`, () => phases.observe({ phase, state }, durationMs / 1_000)),
      },
      rollbackRestored: {
        fn: (info, durationMs, fromPhase, automatic) =>
          once(info, 'rollback', () =>
            rollbacks.observe({ from_phase: fromPhase, automatic: String(automatic) }, durationMs / 1_000),
          ),
      },
      ended: { fn: (info, outcome) => once(info, 'ended', () => ended.inc({ outcome })) },
    },
  };
}
