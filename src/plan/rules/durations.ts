/** Bounds of durations, and of those that depend on each other. */
import { findDescriptor } from '../adapters.ts';
import { formatDuration } from '../duration.ts';
import { type Finding, PLANNED_PHASES, phasePath } from '../finding.ts';
import { HOOK_POINTS, type Plan } from '../types.ts';

/** Longer ones are mistakes of a unit; Temporal could carry them. */
export const MAX_DURATION_MS = 90 * 24 * 3_600_000;
export const MIN_RESOLUTION_MS = 250;
/** An answer counts for as long as the next one may take; an older one says nothing of now. */
const MAX_CHECK_TIMEOUT_MS = 60_000;
/** The deployment waits, and nobody is told: longer pauses are a person's. */
const MAX_CIRCUIT_PAUSE_MS = 3_600_000;

interface Bounded {
  path: readonly (string | number)[];
  ms: number;
  /** Whether 0 has a meaning: none of it. */
  zero: boolean;
  /** The longest that makes sense, where that is less than `MAX_DURATION_MS`. */
  mostMs?: number;
}

export function checkDurations(plan: Plan): Finding[] {
  return [...durationsOf(plan).flatMap(checkBounds), ...checkJudging(plan)];
}

function durationsOf(plan: Plan): Bounded[] {
  const positive = (ms: number, ...path: (string | number)[]): Bounded => ({ path, ms, zero: false });
  const orZero = (ms: number, ...path: (string | number)[]): Bounded => ({ path, ms, zero: true });
  const { metrics, smoke, approval, circuit_break: circuit, rollback_safe_until: safety } = plan;
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
        ? orZero(step.duration_ms, ...stepPath(plan, index))
        : positive(step.duration_ms, ...stepPath(plan, index)),
    ),
    positive(plan.switch.deadline_ms, 'switch', 'deadline'),
    orZero(plan.switch.drain_ms, 'switch', 'drain'),
    orZero(plan.observation.duration_ms, 'observation', 'duration'),
    orZero(plan.lease.duration_ms, 'lease', 'duration'),
    orZero(plan.keep_failed_ms, 'keep_failed'),
    positive(plan.provision_timeout_ms, 'provision', 'timeout'),
    ...Object.entries(plan.checks).map(([name, { timeout_ms }]) => ({
      ...positive(timeout_ms, 'checks', name, 'timeout'),
      mostMs: MAX_CHECK_TIMEOUT_MS,
    })),
    ...HOOK_POINTS.flatMap((point) =>
      plan.hooks[point].map(({ timeout_ms }, index) => positive(timeout_ms, 'hooks', point, index, 'timeout')),
    ),
    ...(circuit === null
      ? []
      : [{ ...positive(circuit.pause_ms, 'circuit_break', 'pause'), mostMs: MAX_CIRCUIT_PAUSE_MS }]),
    ...(safety?.kind === 'after_switch' ? [positive(safety.duration_ms, 'rollback_safe_until')] : []),
  ];
}

/** The strategy `validation` makes its own steps. */
function stepPath({ switch: { strategy } }: Plan, index: number): (string | number)[] {
  return strategy === 'validation' ? ['switch', 'step_duration'] : ['switch', 'steps', index, 'duration'];
}

function checkBounds({ path, ms, zero, mostMs = MAX_DURATION_MS }: Bounded): Finding[] {
  const key = path.filter((part) => typeof part === 'string').join('.');
  if (ms < 0 || (ms === 0 && !zero)) {
    return [finding(path, `\`${key}\` is ${formatDuration(ms)}; it must be longer than nothing.`, emptyHint(path))];
  }
  if (ms <= mostMs) return [];
  const most = formatDuration(mostMs);
  const hint = mostMs === MAX_DURATION_MS ? 'Check the unit.' : `Write ${most} or less.`;
  return [finding(path, `\`${key}\` is longer than ${most}.`, hint)];
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
