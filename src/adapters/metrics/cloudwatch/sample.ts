/** From data points to the value of a metric over a span, with what was observed. */
import type { Pace } from '../../../plan/cloudwatch.ts';
import { formatDuration } from '../../../plan/duration.ts';
import type { Sample } from '../../types.ts';
import type { Definition } from './definitions.ts';
import { definitionsIn, type Need, type RequestShare } from './needs.ts';
import { type Found, meanOf, type Points, sumOf, weightedMean, within } from './points.ts';
import { clockOf, type Span } from './span.ts';

export interface Asked {
  span: Span;
  /** What the caller asked for, milliseconds. */
  windowMs: number;
  pace: Pace;
  found: ReadonlyMap<string, Found>;
}

const MS_PER_SECOND = 1_000;

/** No part of it that is missing is taken for zero, unless CloudWatch has told something else of the same period. */
export function sampleOf(need: Need, asked: Asked): Sample {
  if (need.kind === 'none') return noData(need.reason);
  for (const definition of definitionsIn(need)) {
    const found = asked.found.get(definition.id);
    if (found?.kind !== 'points') return noData(found?.reason ?? `${definition.about} was not asked for`);
  }
  const late = lateness(need.alive, asked);
  if (late !== null) return noData(late);
  const sample = measured(need, asked);
  const { fromMs } = asked.span;
  const isWhole = sample.kind === 'value' && isAlive(need.alive, asked, fromMs);
  // All that there can be of the window by now.
  return isWhole ? { ...sample, span_ms: asked.windowMs } : sample;
}

function measured(need: Exclude<Need, { kind: 'none' }>, asked: Asked): Sample {
  switch (need.kind) {
    case 'share': {
      const parts = need.parts.map((part) => sumOf(pointsOf(part, asked)));
      return shareOf(need.what, sumOf(pointsOf(need.requests, asked)), parts, asked.span);
    }
    case 'latency': {
      const requests = pointsOf(need.requests, asked);
      const observations = Math.round(sumOf(requests));
      if (observations === 0) return quiet('no requests');
      const mean = weightedMean(pointsOf(need.value, asked), requests);
      if (mean === null) return noData(`${observations} requests, and no response times yet`);
      return { kind: 'value', value: MS_PER_SECOND * mean.value, observations: Math.round(mean.weight) };
    }
    case 'gauge':
      return reading(pointsOf(need.value, asked), need.value);
    case 'own': {
      const values = pointsOf(need.value, asked);
      if (need.count === null) return reading(values, need.value);
      const counts = pointsOf(need.count, asked);
      const observations = Math.round(sumOf(counts));
      if (observations <= 0) return quiet('nothing was observed');
      const mean = weightedMean(values, counts);
      if (mean === null) return noData(`${observations} observations, and ${need.value.about} has no data points`);
      return { kind: 'value', value: mean.value, observations: Math.round(mean.weight) };
    }
  }
}

/** Percent, or requests per second. */
function shareOf(what: RequestShare, requests: number, parts: readonly number[], { fromMs, toMs }: Span): Sample {
  const observations = Math.round(requests);
  if (what === 'rate') {
    const value = (MS_PER_SECOND * requests) / (toMs - fromMs);
    return { kind: 'value', value, observations, per: 'readings' };
  }
  if (observations === 0) return quiet('no requests');
  // A response may be counted in the minute after its request.
  const share = Math.min(100, (100 * parts.reduce((all, part) => all + part, 0)) / requests);
  return { kind: 'value', value: what === 'success' ? 100 - share : share, observations };
}

function reading(points: Points, { about }: Definition): Sample {
  const value = meanOf(points);
  if (value === null) return noData(`${about} has no data points in the window; FILL(…, 0) says where that means 0`);
  return { kind: 'value', value, observations: 1, per: 'readings' };
}

/** Null: the newest period that is due has come. */
function lateness(alive: readonly Definition[], asked: Asked): string | null {
  const { span, pace, found } = asked;
  const newestMs = span.toMs - pace.period_ms;
  if (isAlive(alive, asked, newestMs)) return null;
  const about = alive[0]?.about ?? 'the series';
  const times = alive.flatMap(({ id }) => {
    const one = found.get(id);
    return one?.kind === 'points' ? [...one.points.keys()] : [];
  });
  if (times.length === 0) return `CloudWatch has no data points of ${about}: are its dimensions right?`;
  const delay = formatDuration(pace.ingestion_delay_ms);
  return (
    `late: ${about} has no data point of ${clockOf(newestMs)} yet, ${delay} (\`ingestion_delay\`) after its period; ` +
    `the newest is of ${clockOf(Math.max(...times))}`
  );
}

function isAlive(alive: readonly Definition[], { found }: Asked, atMs: number): boolean {
  return alive.some(({ id }) => {
    const one = found.get(id);
    return one?.kind === 'points' && one.points.has(atMs);
  });
}

function pointsOf({ id }: Definition, { found, span, pace }: Asked): Points {
  const one = found.get(id);
  return one?.kind === 'points' ? within(one.points, span, pace.period_ms) : new Map();
}

export function noData(reason: string): Sample {
  return { kind: 'no_data', reason, observations: 0 };
}

function quiet(reason: string): Sample {
  return { kind: 'no_data', reason, observations: 0, quiet: true };
}
