/** Bounds of durations, and of those that depend on each other. */
import { findDescriptor } from '../adapters.ts';
import { formatDuration } from '../duration.ts';
import { type Finding, PLANNED_PHASES, phasePath } from '../finding.ts';
import type { Plan } from '../types.ts';

/** Longer ones are mistakes of a unit; Temporal could carry them. */
export const MAX_DURATION_MS = 90 * 24 * 3_600_000;
export const MIN_RESOLUTION_MS = 250;

interface Bounded {
  path: readonly (string | number)[];
  ms: number;
  /** Whether 0 has a meaning: none of it. */
  zero: boolean;
}

export function checkDurations(plan: Plan): Finding[] {
  return [...durationsOf(plan).flatMap(checkBounds), ...checkJudging(plan)];
}

function durationsOf(plan: Plan): Bounded[] {
  const positive = (ms: number, ...path: (string | number)[]): Bounded => ({ path, ms, zero: false });
  const orZero = (ms: number, ...path: (string | number)[]): Bounded => ({ path, ms, zero: true });
  const { metrics, smoke, approval } = plan;
  const lastStep = plan.switch.steps.length - 1;
  return [
    positive(metrics.resolution_ms, 'metrics', 'resolution'),
    positive(metrics.window_ms, 'metrics', 'window'),
    positive(metrics.no_data_limit_ms, 'metrics', 'no_data_limit'),
    orZero(metrics.settle_ms, 'metrics', 'settle'),
    positive(metrics.max_gap_ms, 'metrics', 'max_gap'),
    ...PLANNED_PHASES.flatMap((name) => {
      const phase = plan.phases[name];
      return phase === null ? [] : [positive(phase.duration_ms, ...phasePath(name), 'duration')];
    }),
    ...(smoke === null ? [] : [positive(smoke.timeout_ms, 'smoke', 'timeout')]),
    ...(smoke?.flows ?? []).flatMap(({ steps }, flow) =>
      steps.map((step, index) => positive(step.timeout_ms, 'smoke', 'flows', flow, 'steps', index, 'timeout')),
    ),
    ...(smoke?.max_response_time_ms == null
      ? []
      : [positive(smoke.max_response_time_ms, 'smoke', 'max_response_time')]),
    ...(approval === null ? [] : [positive(approval.timeout_ms, 'approval', 'timeout')]),
    ...plan.switch.steps.map((step, index) =>
      index === lastStep
        ? orZero(step.duration_ms, ...stepPath(index))
        : positive(step.duration_ms, ...stepPath(index)),
    ),
    positive(plan.switch.deadline_ms, 'switch', 'deadline'),
    orZero(plan.switch.drain_ms, 'switch', 'drain'),
    orZero(plan.observation.duration_ms, 'observation', 'duration'),
    orZero(plan.lease.duration_ms, 'lease', 'duration'),
    orZero(plan.keep_failed_ms, 'keep_failed'),
    positive(plan.provision_timeout_ms, 'provision', 'timeout'),
  ];
}

function stepPath(index: number): (string | number)[] {
  return ['switch', 'steps', index, 'duration'];
}

function checkBounds({ path, ms, zero }: Bounded): Finding[] {
  const key = path.filter((part) => typeof part === 'string').join('.');
  if (ms < 0 || (ms === 0 && !zero)) {
    return [finding(path, `\`${key}\` is ${formatDuration(ms)}; it must be longer than nothing.`, emptyHint(path))];
  }
  if (ms <= MAX_DURATION_MS) return [];
  return [finding(path, `\`${key}\` is longer than ${formatDuration(MAX_DURATION_MS)}.`, 'Check the unit.')];
}

function emptyHint(path: Bounded['path']): string {
  return path.includes('validation_phases') ? 'To skip a phase, leave it out.' : 'Write a duration such as 30s.';
}

function checkJudging({ metrics, smoke }: Plan): Finding[] {
  const resolution = formatDuration(metrics.resolution_ms);
  const provider = findDescriptor('metrics', metrics.kind)?.min_resolution_ms ?? 0;
  const leastMs = Math.max(MIN_RESOLUTION_MS, provider);
  const found: Finding[] = [];
  if (metrics.resolution_ms > 0 && metrics.resolution_ms < leastMs) {
    const who = provider > MIN_RESOLUTION_MS ? `\`${metrics.kind}\` answers` : 'A tick is judged';
    const message = `\`metrics.resolution\` is ${resolution}. ${who} no oftener than every ${formatDuration(leastMs)}.`;
    found.push(finding(['metrics', 'resolution'], message, `Write ${formatDuration(leastMs)} or more.`));
  }
  for (const key of ['window', 'max_gap'] as const) {
    const ms = metrics[`${key}_ms`];
    if (ms <= 0 || ms >= metrics.resolution_ms) continue;
    const message = `\`metrics.${key}\` is ${formatDuration(ms)}, shorter than the resolution of ${resolution}.`;
    found.push(finding(['metrics', key], message, `Write ${resolution} or more.`));
  }
  const boundMs = smoke?.max_response_time_ms ?? 0;
  if (smoke !== null && smoke.timeout_ms < boundMs) {
    const message = `\`smoke.timeout\` is ${formatDuration(smoke.timeout_ms)}, shorter than max_response_time.`;
    found.push(finding(['smoke', 'timeout'], message, `Write ${formatDuration(boundMs)} or more, or leave it out.`));
  }
  return found;
}

function finding(path: Bounded['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_DURATION', path, message, hint };
}
