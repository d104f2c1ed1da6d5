/** The metrics provider `web`: one JSON document per colour and window, and where in it each metric stands. */
import { CutoverError } from '../../errors.ts';
import type { WebSettings } from '../../plan/schema/normalised-metrics.ts';
import { parseValuePath } from '../../plan/value-path.ts';
import { readHttp } from '../http-read.ts';
import type { MetricsProvider, Sample, SampleQuery } from '../types.ts';
import { substitute } from './prometheus/variables.ts';

export interface WebConfig extends WebSettings {
  /** Metric → JSONPath of its value. */
  queries: Readonly<Record<string, string>>;
  service: string;
  environment: string;
  resolutionMs: number;
  /** Epoch milliseconds; for tests. */
  now?: () => number;
}

type Page = { kind: 'page'; document: unknown } | { kind: 'problem'; reason: string };

const MIN_TIMEOUT_MS = 500;
const MAX_TIMEOUT_MS = 2_000;

/**
 * The endpoint knows only now: a span that ended longer than one resolution (1 s at least) ago is no data. A value is a
 * number, or a text that is one. Throws CUTOVER_METRICS_QUERY when a path is none.
 */
export function createWebProvider(config: WebConfig): MetricsProvider {
  const { url, headers, resolutionMs, now = Date.now } = config;
  const timeoutMs = Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, resolutionMs));
  const toleranceMs = Math.max(1_000, 1.5 * resolutionMs);

  function addressOf({ colour, from_ms, to_ms }: SampleQuery): string {
    const { service, environment } = config;
    const windowMs = Math.round(to_ms - from_ms);
    return substitute(url, { service, environment, colour, windowMs }, encodeURIComponent);
  }

  async function read(address: string, signal: AbortSignal): Promise<Page> {
    try {
      const answer = await readHttp(address, { timeoutMs, headers }, signal);
      if (answer.status !== 200) return problem(`the endpoint answered ${answer.status}`);
      return { kind: 'page', document: JSON.parse(answer.body) };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SyntaxError) return problem('the endpoint answered something that is not JSON');
      return problem(`the endpoint: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  function sampleOne(metric: string, page: Page): Sample {
    if (page.kind === 'problem') return noData(page.reason);
    const { queries, counts } = config;
    if (!Object.hasOwn(queries, metric)) return noData(`the plan does not say where ${metric} stands`);
    const value = numberAt(page.document, queries[metric] ?? '', metric);
    if (typeof value === 'string') return noData(value);
    if (!Object.hasOwn(counts, metric)) return { kind: 'value', value, observations: 1, per: 'readings' };
    const count = numberAt(page.document, counts[metric] ?? '', metric);
    if (typeof count === 'string') return noData(`the count: ${count}`);
    if (count >= 1) return { kind: 'value', value, observations: Math.floor(count) };
    return { kind: 'no_data', reason: 'nothing was observed', observations: 0, quiet: true };
  }

  return {
    async sample(queries, signal) {
      signal.throwIfAborted();
      const pages = new Map<string, Promise<Page>>();
      const pageOf = (query: SampleQuery): Promise<Page> => {
        if (now() - query.to_ms > toleranceMs) return Promise.resolve(problem('the endpoint keeps no history'));
        const address = addressOf(query);
        const page = pages.get(address) ?? read(address, signal);
        pages.set(address, page);
        return page;
      };
      return Promise.all(queries.map(async (query) => sampleOne(query.metric, await pageOf(query))));
    },
    checkpoint: () => null,
    restore() {},
    close() {},
  };
}

/** A text: why there is no number. */
function numberAt(document: unknown, path: string, metric: string): number | string {
  const find = parseValuePath(path);
  if (find === null)
    throw new CutoverError('CUTOVER_METRICS_QUERY', `the query of ${metric} is no JSONPath to one value`);
  const found = find(document);
  if (found === undefined || found === null) return `there is nothing at ${path}`;
  const value = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  return typeof value === 'number' && Number.isFinite(value) ? value : `what stands at ${path} is no number`;
}

function problem(reason: string): Page {
  return { kind: 'problem', reason };
}

function noData(reason: string): Sample {
  return { kind: 'no_data', reason, observations: 0 };
}
