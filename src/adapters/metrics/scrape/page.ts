/** A page in the Prometheus text format, as plain samples. */
import parsePrometheusTextFormat from 'parse-prometheus-text-format';

export interface PageSeries {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** What a page shows apart from the values: the same object for as long as that stays as it was. */
export interface PageLayout {
  /** Names of samples, and of families that are declared but have no sample yet. */
  names: ReadonlySet<string>;
  series: readonly PageSeries[];
}

export interface Page {
  layout: PageLayout;
  /** By the index of the layout's series; NaN and infinities as written. */
  values: Float64Array;
}

/** Reads one address's page again and again. Throws an Error, for people, on a text that is no such page. */
export type PageReader = (text: string) => Page;

/** A page of which nothing but values changes: what stands before each of them, and after the last. */
interface Template {
  layout: PageLayout;
  before: string[];
  tail: string;
}

type Parsed = PageSeries & { value: number };

const NAME = /^[A-Za-z_:][\w:]*$/;
const NO_LABELS = Object.freeze({});
/** What stands before a sample's value when nothing but the value follows: a name, or a name with labels. */
const SERIES = /^[A-Za-z_:][\w:]*(\{.*\})?$/;

/**
 * The format is https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. A page shows the same
 * series with every scrape, so only its values are read again until a line is another one.
 */
export function createPageReader(): PageReader {
  let template: Template | null = null;
  return (text) => {
    const known = template === null ? null : refill(template, text);
    if (known !== null) return known;
    const read = parse(text, template === null ? new Map() : seriesOf(template));
    template = read.template;
    return read.page;
  };
}

export function parsePage(text: string): Page {
  return createPageReader()(text);
}

/** Null: it is not this template's page any more. */
function refill({ layout, before, tail }: Template, text: string): Page | null {
  const values = new Float64Array(before.length);
  let at = 0;
  for (let index = 0; index < before.length; index += 1) {
    const expected = before[index] as string;
    if (!text.startsWith(expected, at)) return null;
    at += expected.length;
    const end = text.indexOf('\n', at);
    if (end === -1) return null;
    const written = text.slice(at, end);
    const value = numberOf(written);
    if (Number.isNaN(value) && written !== 'NaN') return null;
    values[index] = value;
    at = end;
  }
  return at + tail.length === text.length && text.endsWith(tail) ? { layout, values } : null;
}

function seriesOf({ layout, before }: Template): Map<string, PageSeries> {
  const text = (one: string) => one.slice(one.lastIndexOf('\n') + 1, -1);
  return new Map(layout.series.map((series, index) => [text(before[index] as string), series]));
}

/** No template for a page with anything unusual in it (timestamps, indented lines): such a one is parsed every time. */
function parse(text: string, known: ReadonlyMap<string, PageSeries>): { page: Page; template: Template | null } {
  const names = new Set<string>();
  const samples: Parsed[] = [];
  const before: string[] = [];
  let at = 0;
  let doneTo = 0;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('#')) {
      const declared = /^# TYPE (\S+)/.exec(line)?.[1];
      if (declared !== undefined) names.add(declared);
    } else if (line !== '') {
      const end = line.lastIndexOf(' ');
      const parsed = samplesIn(line, end, known);
      samples.push(...parsed);
      if (parsed.length === 1 && raw === line && SERIES.test(line.slice(0, end))) {
        before.push(text.slice(doneTo, at + end + 1));
        doneTo = at + raw.length;
      }
    }
    at += raw.length + 1;
  }
  for (const { name } of samples) names.add(name);
  const layout = { names, series: samples.map(({ name, labels }) => ({ name, labels })) };
  const page = { layout, values: Float64Array.from(samples, ({ value }) => value) };
  const isPlain = before.length === samples.length;
  return { page, template: isPlain ? { layout, before, tail: text.slice(doneTo) } : null };
}

function samplesIn(line: string, end: number, known: ReadonlyMap<string, PageSeries>): Parsed[] {
  const seen = known.get(line.slice(0, end));
  if (seen !== undefined) return [{ ...seen, value: numberOf(line.slice(end + 1)) }];
  // With an empty last line, since the library drops a last family that has none.
  return parseLines(`${line}\n\n`).flatMap(({ name, metrics }) => {
    if (!NAME.test(name)) throw new Error('the page is not in the Prometheus text format');
    return metrics.map(({ value, labels }) => ({ name, labels: labels ?? NO_LABELS, value: numberOf(value) }));
  });
}

function parseLines(text: string): ReturnType<typeof parsePrometheusTextFormat> {
  try {
    return parsePrometheusTextFormat(text);
  } catch (error) {
    throw new Error('the page is not in the Prometheus text format', { cause: error });
  }
}

function numberOf(text: string | undefined): number {
  if (text === undefined || text === '') return Number.NaN;
  const value = Number(text);
  if (!Number.isNaN(value) || !/^[+-]?inf$/i.test(text)) return value;
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
