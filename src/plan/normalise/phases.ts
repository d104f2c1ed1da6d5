/** The phases with their defaults. */
import { type Finding, phasePath, WRITTEN_PHASES } from '../finding.ts';
import type { WrittenPlan } from '../schema/plan.ts';
import type { Criterion, Exposure, PhasePlan, Plan } from '../types.ts';
import { DEFAULTS } from './defaults.ts';
import { milliseconds, percentage, readCriteria } from './values.ts';

type WrittenPhases = NonNullable<NonNullable<WrittenPlan['blue_green_switch']>['validation_phases']>;

/** `partialTraffic` false: the router knows 0 % and 100 % only, so the shares that are not written are 0 %. */
export function normalisePhases(written: WrittenPhases, partialTraffic: boolean, findings: Finding[]): Plan['phases'] {
  const triggersPath = [...phasePath('decision_window'), 'rollback_triggers'];
  const triggerTexts = written.full_switch?.rollback_triggers ?? DEFAULTS.rollback_triggers;
  const triggers = readCriteria(triggerTexts, triggersPath, findings);
  const phase = (name: keyof Plan['phases']) => {
    const from = written[WRITTEN_PHASES[name]];
    return from === undefined ? null : normalisePhase(name, from, triggers, partialTraffic, findings);
  };
  return {
    warmup: phase('warmup'),
    health_check: phase('health_check'),
    performance_validation: phase('performance_validation'),
    decision_window: normalisePhase('decision_window', written.full_switch ?? {}, triggers, true, findings),
  };
}

function normalisePhase(
  name: keyof Plan['phases'],
  written: NonNullable<WrittenPhases['warmup']>,
  decisionTriggers: Criterion[],
  partialTraffic: boolean,
  findings: Finding[],
): PhasePlan {
  const path = phasePath(name);
  const own = name === 'decision_window' ? undefined : written.rollback_triggers;
  const expose = normaliseExposure(written);
  return {
    duration_ms: milliseconds(written.duration, DEFAULTS[name].duration_ms),
    traffic_percentage: percentage(written.traffic_percentage, partialTraffic ? DEFAULTS[name].traffic_percentage : 0),
    ...(expose === null ? {} : { expose }),
    success_criteria: readCriteria(written.success_criteria ?? [], [...path, 'success_criteria'], findings),
    rollback_triggers:
      own === undefined ? decisionTriggers : readCriteria(own, [...path, 'rollback_triggers'], findings),
  };
}

/** Null: nothing but the share reaches the candidate. */
function normaliseExposure(written: NonNullable<WrittenPhases['warmup']>): Exposure | null {
  const [header] = Object.entries(written.header ?? {}).map(([name, value]) => ({ name, value }));
  const mirror = percentage(written.mirror_percentage, 0);
  if (header === undefined && mirror === 0) return null;
  return { header: header ?? null, mirror_percent: mirror === 0 ? null : mirror };
}
