/** A page in the Prometheus text format, as plain samples. */
import parsePrometheusTextFormat from 'parse-prometheus-text-format';

export interface PageSample {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** NaN and infinities as written. */
  value: number;
}

export interface Page {
  /** Names of samples, and of families that are declared but have no sample yet. */
  names: ReadonlySet<string>;
  samples: readonly PageSample[];
}

const NAME = /^[A-Za-z_:][\w:]*$/;
const NO_LABELS = Object.freeze({});

/** What stands before a sample's value when nothing but the value follows: a name, or a name with labels. */
const SERIES = /^[A-Za-z_:][\w:]*(\{.*\})?$/;
/** Series as parsed before: a page shows the same ones with every scrape, and only their values change. */
export type KnownSeries = Map<string, Omit<PageSample, 'value'>>;

const MAX_KNOWN = 10_000;

/**
 * Throws an Error, for people, when `text` is not in the Prometheus text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 * `known` is kept between the scrapes of one source.
 */
export function parsePage(text: string, known: KnownSeries = new Map()): Page {
  const names = new Set<string>();
  const samples: PageSample[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('#')) {
      const declared = /^# TYPE (\S+)/.exec(line)?.[1];
      if (declared !== undefined) names.add(declared);
    } else if (line !== '') {
      for (const sample of samplesIn(line, known)) {
        names.add(sample.name);
        samples.push(sample);
      }
    }
  }
  return { names, samples };
}

function samplesIn(line: string, known: KnownSeries): PageSample[] {
  const end = line.lastIndexOf(' ');
  const series = line.slice(0, end);
  const seen = known.get(series);
  if (seen !== undefined) return [{ ...seen, value: numberOf(line.slice(end + 1)) }];
  // With an empty last line, since the library drops a last family that has none.
  const samples = parseLines(`${line}\n\n`).flatMap(({ name, metrics }) => {
    if (!NAME.test(name)) throw new Error('the page is not in the Prometheus text format');
    return metrics.map(({ value, labels }) => ({ name, labels: labels ?? NO_LABELS, value: numberOf(value) }));
  });
  const [only, ...more] = samples;
  if (only !== undefined && more.length === 0 && SERIES.test(series)) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(series, { name: only.name, labels: only.labels });
  }
  return samples;
}

function parseLines(text: string): ReturnType<typeof parsePrometheusTextFormat> {
  try {
    return parsePrometheusTextFormat(text);
  } catch (error) {
    throw new Error('the page is not in the Prometheus text format', { cause: error });
  }
}

export function numberOf(text: string | undefined): number {
  if (text === undefined || text === '') return Number.NaN;
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}
