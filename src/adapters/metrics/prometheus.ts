/** The metrics provider `prometheus`: instant queries to a Prometheus, or to what answers like one. */
import type { Colour } from '../../plan/types.ts';
import type { MetricsProvider, Sample, SampleQuery } from '../types.ts';
import { createExplain } from './prometheus/absent.ts';
import { type Access, createAccess } from './prometheus/access.ts';
import { type Needs, type Query, type QuerySettings, queryOf } from './prometheus/query.ts';
import { countedIn, nativeIn, nativeSample, quantileOf, shareOf } from './prometheus/requests.ts';
import { ask, type Found } from './prometheus/servers.ts';

export interface PrometheusConfig extends QuerySettings {
  service: string;
  environment: string;
  resolutionMs: number;
  /** Directory that the files of credentials must lie in; null: none are read. */
  secretsFolder: string | null;
  /** Epoch milliseconds; for tests. */
  now?: () => number;
}

const MIN_TIMEOUT_MS = 500;
const MAX_TIMEOUT_MS = 2_000;

/** One value that a query came to, or why there is none. */
type One = { kind: 'one'; value: number } | Extract<Sample, { kind: 'no_data' }> | { kind: 'nothing' };

/** Asks one question once, whichever metrics need it. */
type AskOnce = (text: string, metric: string) => Promise<Found>;

/**
 * All of a call's questions go out together, each once; the time at which they are evaluated is the span's end less
 * `ingestion_delay_ms`, so that asking again judges the same data. Throws CUTOVER_METRICS_QUERY when the server cannot read
 * a query.
 */
export function createPrometheusProvider(config: PrometheusConfig): MetricsProvider {
  const { now = Date.now } = config;
  const access = createAccess(config, config.secretsFolder);
  const explain = createExplain();
  const servers = {
    urls: [config.url, ...config.fallback],
    timeoutMs: Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, config.resolutionMs)),
    now,
  };

  async function sampleOne(query: SampleQuery, askAt: (atMs: number) => AskOnce): Promise<Sample> {
    const { metric, colour, from_ms, to_ms } = query;
    const windowMs = Math.round(to_ms - from_ms);
    if (!(windowMs > 0)) return noData('the span is empty');
    const asked = queryOf(metric, config, variablesOf(colour, windowMs));
    const askOnce = askAt(to_ms - config.ingestion_delay_ms);
    const sample = await answer(metric, asked, windowMs, askOnce);
    if (sample !== null) return sample;
    const about = asked as Needs;
    return noData(await explain(about, (text) => askOnce(text, metric), now()));
  }

  /** Null: a built-in query found no series. */
  async function answer(metric: string, query: Query, windowMs: number, askOnce: AskOnce): Promise<Sample | null> {
    switch (query.kind) {
      case 'none':
        return noData(query.reason);
      case 'own':
        return ownSample(metric, query, askOnce);
      case 'requests': {
        const found = await askOnce(query.text, metric);
        return found.kind === 'no_data'
          ? noData(found.reason)
          : shareOf(found.elements, query.what, query.status, windowMs);
      }
      case 'quantile':
        return quantileSample(metric, query, windowMs, askOnce);
      case 'per_request':
        return perRequestSample(metric, query, windowMs, askOnce);
      case 'gauge': {
        const one = oneOf(await askOnce(query.text, metric));
        if (one.kind === 'nothing') return null;
        return one.kind === 'no_data' ? one : { kind: 'value', value: one.value, observations: 1, per: 'readings' };
      }
    }
  }

  async function quantileSample(
    metric: string,
    query: Extract<Query, { kind: 'quantile' }>,
    windowMs: number,
    askOnce: AskOnce,
  ): Promise<Sample | null> {
    const [found, requests] = await Promise.all([askOnce(query.text, metric), askOnce(query.requests, metric)]);
    if (found.kind === 'no_data') return noData(found.reason);
    if (requests.kind === 'no_data') return noData(requests.reason);
    const counted = countedIn(requests.elements, query.status, windowMs);
    const { q, unitMs } = query;
    const asked = { q, unitMs, counted };
    const native = nativeIn(found.elements);
    if (native === null) return quantileOf(found.elements, asked);
    const value = await askOnce(query.native, metric);
    return value.kind === 'no_data' ? noData(value.reason) : nativeSample(native, value.elements[0], asked);
  }

  function variablesOf(colour: Colour, windowMs: number) {
    return { service: config.service, environment: config.environment, colour, windowMs };
  }

  return {
    async sample(queries, signal) {
      signal.throwIfAborted();
      let entry: Access;
      try {
        entry = await access();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return queries.map(() => noData(reason));
      }
      const known = new Map<string, Promise<Found>>();
      const askAt = (atMs: number) => (text: string, metric: string) => {
        const key = `${atMs} ${text}`;
        const found = known.get(key) ?? ask({ text, metric, atMs }, entry, servers, signal);
        known.set(key, found);
        return found;
      };
      return Promise.all(queries.map((query) => sampleOne(query, askAt)));
    },
    // The server has the history.
    checkpoint: () => null,
    restore() {},
    close() {},
  };
}

/** Null: a series is missing. */
async function perRequestSample(
  metric: string,
  query: Extract<Query, { kind: 'per_request' }>,
  windowMs: number,
  askOnce: AskOnce,
): Promise<Sample | null> {
  const [part, whole] = await Promise.all([askOnce(query.text, metric), askOnce(query.requests, metric)]);
  if (whole.kind === 'no_data') return noData(whole.reason);
  const grown = oneOf(part);
  const counted = countedIn(whole.elements, query.status, windowMs);
  if (grown.kind === 'nothing' || counted === null) return null;
  if (counted.requests === 0) return { ...noData('no requests'), quiet: true };
  if (grown.kind === 'no_data') return grown;
  return { kind: 'value', value: grown.value / counted.requests, observations: counted.requests, ...counted.span };
}

async function ownSample(metric: string, query: Extract<Query, { kind: 'own' }>, askOnce: AskOnce): Promise<Sample> {
  const [found, counted] = await Promise.all([
    askOnce(query.text, metric),
    query.count === null ? null : askOnce(query.count, metric),
  ]);
  const count = counted === null ? null : oneOf(counted);
  if (count?.kind === 'no_data') return noData(`the count: ${count.reason}`);
  if (count?.kind === 'nothing') return noData('the query of its count found nothing');
  // What was observed comes first: nothing ÷ nothing is no error then.
  if (count !== null && Math.round(count.value) <= 0) {
    return { kind: 'no_data', reason: 'nothing was observed', observations: 0, quiet: true };
  }
  const one = oneOf(found);
  if (one.kind === 'nothing')
    return noData('the query found nothing: no series in the window, or none to compare with');
  if (one.kind === 'no_data') return one;
  if (count === null) return { kind: 'value', value: one.value, observations: 1, per: 'readings' };
  return { kind: 'value', value: one.value, observations: Math.round(count.value) };
}

function oneOf(found: Found): One {
  if (found.kind === 'no_data') return noData(found.reason);
  const [first, second] = found.elements;
  if (first === undefined) return { kind: 'nothing' };
  if (second !== undefined) {
    return noData(`the query gives ${found.elements.length} series, and one number is needed: sum or average them`);
  }
  if (first.value === null) return noData('the query gives a histogram, and one number is needed');
  if (Number.isFinite(first.value)) return { kind: 'one', value: first.value };
  return noData(`the query gives ${first.value}, as a division by nothing does`);
}

function noData(reason: string): Extract<Sample, { kind: 'no_data' }> {
  return { kind: 'no_data', reason, observations: 0 };
}
