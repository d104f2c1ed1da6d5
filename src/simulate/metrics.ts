/** A metrics provider and a reader of named checks that answer for any instant by the scenario. */
import type { CheckReader } from '../activities/watch-checks.ts';
import type { MetricsProvider, Sample, SampleQuery } from '../adapters/types.ts';
import { builtInMetric } from '../plan/metrics.ts';
import type { Colour } from '../plan/types.ts';
import { type Course, instantOf, placed, type Shift } from './course.ts';
import type { Scenario, SeriesPoint } from './scenario-schema.ts';

export interface Scripted {
  scenario: Scenario;
  course: Course;
  active: Colour;
  /** The plan's own queries: a gauge is there without requests. */
  queries: Readonly<Record<string, string>>;
}

interface Piece {
  from_ms: number;
  to_ms: number;
}

/**
 * A span's value is the mean of what held in it, weighted by the requests behind it; the observations are these
 * requests: rate × share × time. Spans without data are left out; one at the span's end makes the source unreadable.
 */
export function scriptedProvider(scripted: Scripted): MetricsProvider {
  return {
    sample: async (queries) => queries.map((query) => sample(scripted, query)),
    checkpoint: () => null,
    restore: () => undefined,
    close: () => undefined,
  };
}

export function scriptedChecks({ scenario, course }: Scripted, now: () => number): CheckReader {
  return {
    async read(names) {
      const nowMs = now();
      const silent = silentAt({ scenario, course }, nowMs);
      return new Map(
        names.map((name) => {
          const points = placed(course, scenario.checks[name] ?? []);
          const holds = points.findLast(({ at_ms }) => at_ms <= nowMs)?.point.holds ?? false;
          const seen = silent ? null : holds;
          return [name, { seen, note: seen === null ? NO_DATA : null, instances: 1 }];
        }),
      );
    },
  };
}

const NO_DATA = 'no data, as the file says';

function sample(scripted: Scripted, query: SampleQuery): Sample {
  const { scenario, course, queries } = scripted;
  const { metric, from_ms, to_ms } = query;
  if (silentAt(scripted, to_ms)) return { kind: 'no_data', reason: NO_DATA, observations: 0 };
  const points = pointsOf(scripted, query);
  const isGauge = readsGauge(metric, queries);
  const rate = scenario.requests_per_second / 1_000;
  let weight = 0;
  let sum = 0;
  for (const piece of piecesOf(scripted, points, from_ms, to_ms)) {
    const value = points.findLast(({ at_ms }) => at_ms <= piece.from_ms)?.value;
    if (value === undefined || silentAt(scripted, piece.from_ms)) continue;
    const share = shareOf(
      course.shifts.findLast(({ at_ms }) => at_ms <= piece.from_ms),
      query.colour,
    );
    const behind = (piece.to_ms - piece.from_ms) * (isGauge ? 1 : (rate * share) / 100);
    weight += behind;
    sum += behind * value;
  }
  if (points.length === 0 || (points[0]?.at_ms ?? 0) > to_ms) {
    return { kind: 'no_data', reason: `the file gives no ${metric} of ${query.colour} yet`, observations: 0 };
  }
  const span_ms = to_ms - from_ms;
  if (isGauge && weight > 0) return { kind: 'value', value: sum / weight, observations: 1, per: 'readings', span_ms };
  const observations = Math.floor(weight + 1e-6);
  if (observations === 0) return { kind: 'no_data', reason: 'no requests', observations: 0, quiet: true };
  return { kind: 'value', value: sum / weight, observations, span_ms };
}

/** Percent of the requests that the colour gets, copies included; how many a header leads there no file says: enough. */
function shareOf(shift: Shift | undefined, colour: Colour): number {
  const weight = shift?.weights[colour] ?? 0;
  const exposed = shift?.exposed?.colour === colour ? shift.exposed : null;
  if (exposed === null) return weight;
  return exposed.header === null ? Math.max(weight, exposed.mirror_percent ?? 0) : 100;
}

function readsGauge(metric: string, queries: Scripted['queries']): boolean {
  if (Object.hasOwn(queries, metric)) return /^\s*gauge\b/.test(queries[metric] ?? '');
  return builtInMetric(metric)?.needs_traffic === false;
}

function pointsOf(scripted: Scripted, { metric, colour }: SampleQuery): { at_ms: number; value: number }[] {
  const role = colour === scripted.active ? 'active' : 'candidate';
  const given = (point: SeriesPoint) => point[colour] ?? point[role];
  return placed(scripted.course, scripted.scenario.series[metric] ?? []).flatMap(({ at_ms, point }) => {
    const value = given(point);
    return value === undefined ? [] : [{ at_ms, value }];
  });
}

/** The span, cut wherever something changes. */
function piecesOf(scripted: Scripted, points: readonly { at_ms: number }[], fromMs: number, toMs: number): Piece[] {
  const changes = [...points, ...scripted.course.shifts].map(({ at_ms }) => at_ms);
  for (const span of silences(scripted)) changes.push(span.from_ms, span.to_ms);
  const inside = changes.filter((atMs) => atMs > fromMs && atMs < toMs).sort((one, other) => one - other);
  const cuts = [fromMs, ...inside, toMs];
  return cuts.slice(1).map((to_ms, index) => ({ from_ms: cuts[index] ?? fromMs, to_ms }));
}

function silentAt(scripted: Pick<Scripted, 'scenario' | 'course'>, atMs: number): boolean {
  return silences(scripted).some(({ from_ms, to_ms }) => atMs >= from_ms && atMs < to_ms);
}

function silences({ scenario, course }: Pick<Scripted, 'scenario' | 'course'>): Piece[] {
  return scenario.no_data.flatMap(({ from, to }) => {
    const fromMs = instantOf(course, from);
    if (fromMs === null) return [];
    return [{ from_ms: fromMs, to_ms: instantOf(course, to) ?? Number.POSITIVE_INFINITY }];
  });
}
