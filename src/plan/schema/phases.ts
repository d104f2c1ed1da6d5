/** What the candidate has to prove, phase by phase, as written. */
import { z } from 'zod';
import { formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { criteria, durationText, percent } from './base.ts';
import { routedHeader } from './requests.ts';

interface PhaseFacts {
  description: string;
  defaults: { duration_ms: number; traffic_percentage: number };
  share: string;
  /** Where its triggers come from when it names none. */
  triggers: { default: readonly string[] } | { otherwise: string };
}

const FROM_DECISION_WINDOW = { otherwise: "full_switch's" };
const ANY_SHARE = "The candidate's share of the production requests, percent; no less than in the phase before.";

function phaseKeys({ defaults, share, triggers }: PhaseFacts) {
  return {
    duration: durationText.meta({
      description: 'How long the phase is watched.',
      default: formatDuration(defaults.duration_ms),
    }),
    traffic_percentage: percent.meta({ description: share, default: defaults.traffic_percentage }),
    success_criteria: criteria.meta({
      description:
        'Metrics are judged over the whole phase at its end; a named check must have held for `metrics.settle` then.',
      default: [],
      examples: [['http_success_rate > 99.5', 'p99_latency < baseline + 10ms', 'cache_preloaded']],
    }),
    rollback_triggers: criteria.meta({
      description: 'Metrics judged every tick while the candidate has traffic; a trigger that fires rolls back.',
      examples: [['error_rate > 0.5', 'p99_latency > baseline + 50ms']],
      ...triggers,
    }),
  };
}

const exposureKeys = {
  header: routedHeader.meta({
    description: 'Requests with exactly this header go to the candidate whatever its share.',
    otherwise: 'none do',
    examples: [{ 'X-Cutover': 'candidate' }],
  }),
  mirror_percentage: percent.meta({
    description:
      'Of so many percent of the production requests the candidate gets a copy, whose answer is dropped; only in a phase at 0 %. What a copied request writes is written twice.',
    default: 0,
  }),
};

function phase(facts: PhaseFacts) {
  return z
    .strictObject({ ...phaseKeys(facts), ...exposureKeys })
    .partial()
    .meta({ description: facts.description });
}

function phaseAtFull(facts: PhaseFacts) {
  return z.strictObject(phaseKeys(facts)).partial().meta({ description: facts.description });
}

export const blueGreenSwitchSchema = z
  .strictObject({
    validation_phases: z
      .strictObject({
        warmup: phase({
          description: 'The candidate gets ready, as a rule without traffic.',
          defaults: DEFAULTS.warmup,
          share: ANY_SHARE,
          triggers: FROM_DECISION_WINDOW,
        }),
        health_check: phase({
          description: 'A trickle of traffic, after the smoke suite.',
          defaults: DEFAULTS.health_check,
          share: ANY_SHARE,
          triggers: FROM_DECISION_WINDOW,
        }),
        performance_validation: phase({
          description: 'Enough traffic to measure the candidate beside the active colour.',
          defaults: DEFAULTS.performance_validation,
          share: ANY_SHARE,
          triggers: FROM_DECISION_WINDOW,
        }),
        full_switch: phaseAtFull({
          description: 'The decision window, right after the switch. It is always run, also when it is left out.',
          defaults: DEFAULTS.decision_window,
          share: '100, and nothing else.',
          triggers: { default: DEFAULTS.rollback_triggers },
        }),
      })
      .partial()
      .meta({ description: 'In this order, whatever the order in the file. A phase that is left out is not run.' }),
  })
  .partial();
