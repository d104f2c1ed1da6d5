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

/**
 * Throws an Error, for people, when `text` is not in the Prometheus text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 */
export function parsePage(text: string): Page {
  const lines = text.split('\n');
  const names = new Set<string>();
  for (const line of lines) {
    const declared = /^# TYPE (\S+)/.exec(line)?.[1];
    if (declared !== undefined) names.add(declared);
  }
  // Without comments, since the library merges the label sets of a declared histogram into one; with an empty last
  // line, since it drops a last family that has none.
  const families = parseLines(`${lines.filter((line) => !line.startsWith('#')).join('\n')}\n`);
  const samples: PageSample[] = [];
  for (const { name, metrics } of families) {
    if (!NAME.test(name)) throw new Error('the page is not in the Prometheus text format');
    names.add(name);
    for (const { value, labels } of metrics)
      samples.push({ name, labels: labels ?? NO_LABELS, value: numberOf(value) });
  }
  return { names, samples };
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
