/** The metrics provider `cloudwatch`: one GetMetricData per tick, whatever the number of criteria and colours. */
import { LENGTHENED } from '../../decision/triggers.ts';
import { CutoverError } from '../../errors.ts';
import { keptMs, type Places, regionOf } from '../../plan/cloudwatch.ts';
import { formatDuration } from '../../plan/duration.ts';
import type { CloudWatchSettings } from '../../plan/schema/normalised-metrics.ts';
import { awsService } from '../aws/service.ts';
import type { MetricsProvider, Sample, SampleQuery } from '../types.ts';
import { getMetricData } from './cloudwatch/call.ts';
import { type Definition, definitionsOf } from './cloudwatch/definitions.ts';
import { definitionsIn, type Need, needOf } from './cloudwatch/needs.ts';
import type { Found } from './cloudwatch/points.ts';
import { noData, sampleOf } from './cloudwatch/sample.ts';
import { clockOf, type Span, wholePeriods } from './cloudwatch/span.ts';

export interface CloudWatchConfig extends CloudWatchSettings {
  /** Metric → expression of metric math. */
  queries: Readonly<Record<string, string>>;
  service: string;
  environment: string;
  /** Dimensions and region follow from them. */
  places: Places;
  resolutionMs: number;
  windowMs: number;
  /** Epoch milliseconds; for tests. */
  now?: () => number;
}

const MIN_TIMEOUT_MS = 500;
const MAX_TIMEOUT_MS = 2_000;
/** Whoever polls oftener than data can change is answered from memory. */
const MEMORY_MS = 5_000;
/** How CloudWatch calls what it cannot read. */
const UNREADABLE = /^(Validation|InvalidParameter|Missing)/;

interface Answered {
  span: Span;
  atMs: number;
  found: Map<string, Found>;
}

interface Question {
  query: SampleQuery;
  span: Span;
  need: Need;
}

/**
 * A span is judged by the periods that lie wholly in it and ended `ingestion_delay_ms` ago. Throws CUTOVER_METRICS_QUERY when
 * CloudWatch cannot read a query, and CUTOVER_AWS_CONFIG without a region; all else that may go wrong is no data.
 */
export function createCloudWatchProvider(config: CloudWatchConfig): MetricsProvider {
  const { places, period_ms: periodMs, now = Date.now } = config;
  const cloudwatch = awsService('cloudwatch', config.region ?? regionOf(places));
  const timeoutMs = Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, config.resolutionMs));
  // A window with too few requests is lengthened within the same tick: that takes no call of its own.
  const lookBackMs = (Math.max(...LENGTHENED) - 1) * config.windowMs;
  let latest: Answered | null = null;

  function questionOf(query: SampleQuery): Question {
    const { metric, colour, from_ms, to_ms } = query;
    const variables = { service: config.service, environment: config.environment, colour, windowMs: to_ms - from_ms };
    const need = needOf(metric, config, definitionsOf(config, places, variables));
    return { query, need, span: wholePeriods(from_ms, to_ms, config) };
  }

  /** What cannot be asked, or need not be. */
  function answered({ query, need, span }: Question): Sample | null {
    if (!(query.to_ms > query.from_ms)) return noData('the span is empty');
    if (need.kind === 'none') return noData(need.reason);
    if (span.toMs <= span.fromMs) {
      const dueMs = span.fromMs + periodMs + config.ingestion_delay_ms;
      return noData(`the first data point of the window, of ${clockOf(span.fromMs)}, is due at ${clockOf(dueMs)}`);
    }
    if (span.fromMs >= now() - keptMs(periodMs)) return null;
    return noData(`data points of ${formatDuration(periodMs)} are kept for ${formatDuration(keptMs(periodMs))} only`);
  }

  async function askFor(questions: Question[], signal: AbortSignal): Promise<ReadonlyMap<string, Found>> {
    const wanted = new Map<string, Definition>();
    for (const { need } of questions) for (const one of definitionsIn(need)) wanted.set(one.id, one);
    const toMs = Math.max(...questions.map(({ span }) => span.toMs));
    const fromMs = Math.min(...questions.map(({ span }) => span.fromMs));
    const known = latest;
    if (known !== null && covers(known, { fromMs, toMs }, wanted)) return known.found;
    const oldestMs = Math.ceil((now() - keptMs(periodMs)) / periodMs) * periodMs;
    const span = { fromMs: Math.min(fromMs, Math.max(oldestMs, fromMs - lookBackMs)), toMs };
    const found = await getMetricData(cloudwatch, [...wanted.values()], span, signal);
    latest = { span, atMs: performance.now(), found };
    return found;
  }

  async function sample(queries: SampleQuery[], signal: AbortSignal): Promise<Sample[]> {
    signal.throwIfAborted();
    const questions = queries.map(questionOf);
    const open = questions.filter((question) => answered(question) === null);
    const found = open.length === 0 ? new Map<string, Found>() : await foundOr(open, signal);
    return questions.map((question) => {
      const without = answered(question);
      if (without !== null) return without;
      if (typeof found === 'string') return noData(found);
      const { query, need, span } = question;
      return sampleOf(need, { span, windowMs: query.to_ms - query.from_ms, pace: config, found });
    });
  }

  /** A text: why nothing is known. */
  async function foundOr(open: Question[], signal: AbortSignal): Promise<ReadonlyMap<string, Found> | string> {
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      return await askFor(open, AbortSignal.any([signal, limit]));
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted) return `CloudWatch did not answer within ${formatDuration(timeoutMs)}`;
      return reasonOf(error);
    }
  }

  return {
    sample,
    // CloudWatch has the history.
    checkpoint: () => null,
    restore() {},
    close() {},
  };
}

function covers({ span, atMs, found }: Answered, asked: Span, wanted: ReadonlyMap<string, Definition>): boolean {
  if (performance.now() - atMs > MEMORY_MS) return false;
  if (span.toMs !== asked.toMs || span.fromMs > asked.fromMs) return false;
  return [...wanted.keys()].every((id) => found.has(id));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof CutoverError)) throw error;
  const { code, message, details } = error;
  if (code === 'CUTOVER_AWS_CONFIG') throw error;
  if (code === 'CUTOVER_AWS_REFUSED' && UNREADABLE.test(String(details.error))) {
    throw new CutoverError('CUTOVER_METRICS_QUERY', `CloudWatch cannot read a query: ${message}`, { cause: error });
  }
  return code === 'CUTOVER_AWS_THROTTLED' ? `throttled, retrying: ${message}` : message;
}
