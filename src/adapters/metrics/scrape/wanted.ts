/** Series that some query asked for, read from the pages of one scrape. */
import type { Colour } from '../../../plan/types.ts';
import type { Page, PageLayout } from './page.ts';
import { isOnRouter, type Over, type Selector } from './query.ts';
import { counted } from './router-page.ts';
import type { SeriesTable } from './series.ts';

export interface Wanted {
  colour: Colour;
  series: Selector;
  /** How a gauge is combined over instances; null: a counter. */
  over: Over | null;
}

/** The pages of a colour's ready instances, or why there are none (or not all of them). */
export interface InstancePages {
  pages: { id: string; page: Page }[];
  problem: string | null;
}

/** Sum and number of a gauge's readings; the mean over a span is the quotient of their increases. */
export function familyOf(wanted: Omit<Wanted, 'colour'>): string {
  return wanted.over === null ? `counter ${wanted.series.text}` : `gauge ${wanted.over} ${wanted.series.text}`;
}

/** Takes one reading into the table; the answer says why there is none, null: there is. */
export function takeWanted(
  table: SeriesTable,
  wanted: Wanted,
  router: Page | null,
  instances: InstancePages | undefined,
): string | null {
  try {
    if (isOnRouter(wanted.series)) {
      if (router === null) return 'the router could not be read';
      const labels = { ...wanted.series.labels, colour: wanted.colour };
      return take(table, wanted, [sourceOf('router', router, wanted.series.name, labels)]);
    }
    if (instances === undefined) return 'the instances have not been read yet';
    if (instances.problem !== null) return instances.problem;
    const { name, labels } = wanted.series;
    return take(
      table,
      wanted,
      instances.pages.map(({ id, page }) => sourceOf(id, page, name, labels)),
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One page, and where it shows what is wanted. */
interface PageSource {
  id: string;
  page: Page;
  samples: readonly number[];
}

function take(table: SeriesTable, wanted: Wanted, sources: PageSource[]): string | null {
  const { colour, series, over } = wanted;
  const family = familyOf(wanted);
  if (sources.every(({ samples }) => samples.length === 0)) return `nothing of ${colour} reports ${series.text}`;
  if (over === null) {
    for (const { id, page, samples } of sources) {
      // A page for itself: another counter of the same process may be asked for later.
      const own = `${id}/${series.text}`;
      const value = samples.reduce((sum, sample) => sum + counted(page, sample), 0);
      table.observe(own, { ids: [{ page: own, colour, family, label: '' }], values: Float64Array.of(value) });
    }
    return null;
  }
  const silent = sources.find(({ samples }) => samples.length === 0);
  if (silent !== undefined) return `${silent.id} does not report ${series.text}`;
  const values = sources.flatMap(({ page, samples }) => samples.map((sample) => page.values[sample] ?? Number.NaN));
  if (!values.every(Number.isFinite)) return `${series.text} shows a value that is no number`;
  table.add({ page: 'own', colour, family, label: 'sum' }, combine(values, over));
  table.add({ page: 'own', colour, family, label: 'n' }, 1);
  return null;
}

function sourceOf(id: string, page: Page, name: string, labels: Readonly<Record<string, string>>): PageSource {
  return { id, page, samples: select(page.layout, name, labels) };
}

function select({ series }: PageLayout, name: string, labels: Readonly<Record<string, string>>): number[] {
  const wanted = Object.entries(labels);
  const isWanted = (one: PageLayout['series'][number]) =>
    one.name === name && wanted.every(([label, value]) => one.labels[label] === value);
  return series.flatMap((one, index) => (isWanted(one) ? [index] : []));
}

function combine(values: number[], over: Over): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (over) {
    case 'max':
      return values.reduce((most, value) => Math.max(most, value));
    case 'min':
      return values.reduce((least, value) => Math.min(least, value));
    case 'mean':
      return sum / values.length;
    case 'sum':
      return sum;
  }
}
