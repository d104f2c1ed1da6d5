/** What CloudWatch can answer when, and settings of the provider that depend on each other. */
import { type Dimensions, dimensionsOf, isPeriod, lackOfCloudWatch, shortestSpanMs } from '../cloudwatch.ts';
import { BUILT_IN_SERIES, builtInSeries } from '../cloudwatch-series.ts';
import { formatDuration } from '../duration.ts';
import type { Finding } from '../finding.ts';
import { namesIn } from '../metric-math.ts';
import { nearestName } from '../nearest.ts';
import type { CloudWatchSettings } from '../schema/normalised-metrics.ts';
import type { Colour, Plan } from '../types.ts';

const COLOURS: readonly Colour[] = ['blue', 'green'];

/** Null: there is a built-in series, or it is not known, since the ARNs of `router.alb` are none. */
export function lackIn(plan: Plan, settings: CloudWatchSettings): (metric: string) => string | null {
  return (metric) => {
    const lacks = COLOURS.map((colour) => lackOfCloudWatch(metric, ofPlan(plan, settings, colour)));
    const lack = lacks.find((one) => one !== null) ?? null;
    return lack !== null && isUnreadable(plan, settings) && lackOfCloudWatch(metric, ANY_BALANCER) === null
      ? null
      : lack;
  };
}

const ANY_BALANCER: Dimensions = { LoadBalancer: 'app/any/1', TargetGroup: 'targetgroup/any/1' };

export function checkCloudWatch(plan: Plan, settings: CloudWatchSettings): Finding[] {
  return [
    ...(isPeriod(settings.period_ms) ? checkPace(plan, settings) : [noPeriod(settings)]),
    ...checkNames(plan, settings),
    ...Object.entries(settings.series)
      .filter(([, { namespace }]) => namespace === '')
      .map(([name]) => ({
        code: 'CUTOVER_PLAN_MISSING_KEY' as const,
        path: ['metrics', 'cloudwatch', 'series', name],
        message: `The series \`${name}\` has no namespace.`,
        hint: `Add \`metrics.cloudwatch.series.${name}.namespace\`, or \`metrics.cloudwatch.namespace\` for all.`,
      })),
    ...(plan.circuit_break === null ? [] : [noCircuit(settings)]),
  ];
}

function noPeriod({ period_ms }: CloudWatchSettings): Finding {
  const message = `CloudWatch has no periods of ${formatDuration(period_ms)}.`;
  return wrong(['cloudwatch', 'period'], message, 'Write 1s, 5s, 10s, 20s, 30s, or whole minutes up to 24h.');
}

function noCircuit({ ingestion_delay_ms }: CloudWatchSettings): Finding {
  const delay = formatDuration(ingestion_delay_ms);
  return {
    code: 'CUTOVER_PLAN_VALUE',
    path: ['circuit_break'],
    message: `\`circuit_break\` looks at the tick that has just ended; CloudWatch answers for it ${delay} later.`,
    hint: 'Leave it out, or use a provider that answers within a tick.',
  };
}

/** A tick asks for periods that have ended, and whose data points have come. */
function checkPace({ metrics }: Plan, settings: CloudWatchSettings): Finding[] {
  const { resolution_ms, window_ms, no_data_limit_ms, on_no_data } = metrics;
  const period = formatDuration(settings.period_ms);
  const leastMs = shortestSpanMs(settings);
  const least = formatDuration(leastMs);
  const found: Finding[] = [];
  if (resolution_ms > 0 && resolution_ms < settings.period_ms) {
    const message = `\`metrics.resolution\` is ${formatDuration(resolution_ms)}, and there is a data point every ${period} only.`;
    found.push(
      wrong(['resolution'], message, `Write ${period} or more, or a shorter \`period\` of high-resolution metrics.`),
    );
  }
  if (window_ms > 0 && window_ms < leastMs) {
    const message = `\`metrics.window\` is ${formatDuration(window_ms)}: less than ${least} may hold no data point that has come.`;
    found.push(
      wrong(
        ['window'],
        message,
        `Write ${formatDuration(Math.ceil(leastMs / settings.period_ms) * settings.period_ms)} or more.`,
      ),
    );
  } else if (window_ms % settings.period_ms !== 0) {
    const message = `\`metrics.window\` is ${formatDuration(window_ms)}, and data points are of whole periods of ${period}.`;
    found.push(wrong(['window'], message, `Write a multiple of ${period}.`));
  }
  if (on_no_data !== 'ignore' && no_data_limit_ms > 0 && no_data_limit_ms <= leastMs) {
    const message = `\`metrics.no_data_limit\` is ${formatDuration(no_data_limit_ms)}: every phase begins with up to ${least} without data.`;
    found.push(wrong(['no_data_limit'], message, `Write more than ${least}.`));
  }
  return found;
}

/** Names in queries that stand for no series, or for one that the colours have no dimensions for. */
function checkNames(plan: Plan, settings: CloudWatchSettings): Finding[] {
  const texts = [
    ...Object.entries(plan.metrics.queries).map(([metric, text]) => ({ text, at: ['queries', metric] })),
    ...Object.entries(settings.counts).map(([metric, text]) => ({ text, at: ['counts', metric] })),
  ];
  const names = [...Object.keys(settings.series), ...Object.keys(BUILT_IN_SERIES)];
  const unreadable = isUnreadable(plan, settings);
  const windowed = texts
    .filter(({ text }) => /\$window\b/.test(text))
    .map(({ at }) => {
      const message =
        'An expression is evaluated for each period, and the window consists of them: there is no `$window`.';
      return wrong(['cloudwatch', ...at], message, 'Write `$period`, in seconds, or PERIOD(…).');
    });
  const unknown = texts.flatMap(({ text, at }) =>
    namesIn(text).flatMap((name): Finding[] => {
      if (Object.hasOwn(settings.series, name)) return [];
      const path = ['cloudwatch', ...at];
      if (!names.includes(name)) {
        const nearest = nearestName(name, names);
        const hint = nearest === null ? '' : `Did you mean \`${nearest}\`? If not, define`;
        const define = `it at \`metrics.cloudwatch.series.${name}\`.`;
        return [
          wrong(path, `\`${name}\` is no series that this plan has.`, `${hint === '' ? 'Define' : hint} ${define}`),
        ];
      }
      const has = COLOURS.every((colour) => builtInSeries(name, ofPlan(plan, settings, colour)) !== null);
      if (has || (unreadable && builtInSeries(name, ANY_BALANCER) !== null)) return [];
      const needed = BUILT_IN_SERIES[name]?.[0]?.dimensions.join(' and ') ?? '';
      const message = `The series \`${name}\` needs ${needed}, which neither router nor platform gives.`;
      return [wrong(path, message, 'Give them at `metrics.cloudwatch.dimensions`, for both colours.')];
    }),
  );
  return [...windowed, ...unknown];
}

/** What stands there instead of ARNs is the router's to refuse. */
function isUnreadable(plan: Plan, settings: CloudWatchSettings): boolean {
  return (
    plan.router.kind === 'alb' && COLOURS.some((colour) => ofPlan(plan, settings, colour).TargetGroup === undefined)
  );
}

function ofPlan(plan: Plan, { dimensions }: CloudWatchSettings, colour: Colour): Dimensions {
  return dimensionsOf(plan, dimensions[colour], colour);
}

function wrong(path: readonly string[], message: string, hint: string): Finding {
  const isName = path.includes('queries') || path.includes('counts');
  return { code: isName ? 'CUTOVER_PLAN_VALUE' : 'CUTOVER_PLAN_DURATION', path: ['metrics', ...path], message, hint };
}
