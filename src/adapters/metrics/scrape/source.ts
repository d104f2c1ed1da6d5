/**
 * The pages of one service, scraped when somebody asks and shared by all who ask within a moment. Nothing runs while
 * nobody asks, and memory is bounded by the longest span that is asked for.
 */
import type { Colour } from '../../../plan/types.ts';
import { joinUrl, readHttp } from '../../http-read.ts';
import type { InstanceState, Platform } from '../../types.ts';
import { createPageReader, type Page, type PageReader } from './page.ts';
import { isOnRouter } from './query.ts';
import { createRouterReader, ROUTER_PAGE } from './router-page.ts';
import { createSeriesTable } from './series.ts';
import { familyOf, type InstancePages, takeWanted, type Wanted } from './wanted.ts';

export interface Snapshot {
  at_ms: number;
  /** By the index of a series; a series that came later was 0. */
  totals: Float64Array;
  /** Why the router's page is not in it; null: it is. */
  router: string | null;
  /** `colour|family` of a wanted series → why it is not in it. */
  missing: ReadonlyMap<string, string>;
}

export interface SourceConfig {
  routerMetricsUrl: string;
  platform: Platform;
  timeoutMs: number;
  /** A snapshot this young is as good as a new one. */
  reuseMs: number;
  now(): number;
}

const MAX_SNAPSHOTS = 4_000;
const MIN_HORIZON_MS = 15_000;
const MAX_HORIZON_MS = 3_600_000;

export type Source = ReturnType<typeof createSource>;

export function createSource(config: SourceConfig) {
  const table = createSeriesTable();
  const wanted = new Map<string, Wanted>();
  const readRouter = createRouterReader();
  /** By address, of the pages of the last scrape. */
  let readers = new Map<string, PageReader>();
  const snapshots: Snapshot[] = [];
  let horizonMs = MIN_HORIZON_MS;
  let running: Promise<void> | null = null;
  let wantsMore = true;

  async function scrape(): Promise<void> {
    wantsMore = false;
    const at_ms = config.now();
    const needsInstances = (colour: Colour) =>
      [...wanted.values()].some((want) => want.colour === colour && !isOnRouter(want.series));
    const known = readers;
    readers = new Map();
    const [router, blue, green] = await Promise.all([
      readPage(config.routerMetricsUrl, known, null),
      needsInstances('blue') ? inTime((signal) => readInstances('blue', known, signal)) : undefined,
      needsInstances('green') ? inTime((signal) => readInstances('green', known, signal)) : undefined,
    ]);
    take(at_ms, router, { blue, green });
  }

  /** One limit for several calls. */
  async function inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = new AbortController();
    const late = () => deadline.abort(new Error(`no answer within ${config.timeoutMs} ms`));
    const timer = setTimeout(late, config.timeoutMs);
    try {
      return await work(deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** `known`: the readers of the scrape before. */
  async function readPage(
    url: string,
    known: ReadonlyMap<string, PageReader>,
    signal: AbortSignal | null,
  ): Promise<Page | string> {
    const reader = known.get(url) ?? createPageReader();
    readers.set(url, reader);
    try {
      const answer = await readHttp(url, { timeoutMs: config.timeoutMs }, signal);
      if (answer.status !== 200) return `answered ${answer.status}`;
      return reader(answer.body);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async function readInstances(
    colour: Colour,
    known: ReadonlyMap<string, PageReader>,
    signal: AbortSignal,
  ): Promise<InstancePages> {
    let instances: InstanceState[];
    try {
      instances = (await inspectInTime(config.platform, colour, signal)).instances.filter(({ ready }) => ready);
    } catch (error) {
      return {
        pages: [],
        problem: `${colour} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
    if (instances.length === 0) return { pages: [], problem: `no instance of ${colour} is ready` };
    const read = await Promise.all(
      instances.map(async ({ id, url }) => ({
        id,
        page:
          url === null
            ? 'the platform gives no address for it'
            : await readPage(joinUrl(url, '/metrics'), known, signal),
      })),
    );
    const failed = read.find(({ page }) => typeof page === 'string');
    if (failed !== undefined)
      return { pages: [], problem: `the metrics of ${failed.id} cannot be read: ${failed.page}` };
    return { pages: read.flatMap(({ id, page }) => (typeof page === 'string' ? [] : [{ id, page }])), problem: null };
  }

  function take(
    at_ms: number,
    router: Page | string,
    instances: Partial<Record<Colour, InstancePages | undefined>>,
  ): void {
    let problem = typeof router === 'string' ? `the router's metrics cannot be read: ${router}` : null;
    if (typeof router !== 'string') {
      try {
        table.observe(ROUTER_PAGE, readRouter(router));
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
    }
    const missing = new Map<string, string>();
    for (const [key, want] of wanted) {
      const reason = takeWanted(table, want, typeof router === 'string' ? null : router, instances[want.colour]);
      if (reason !== null) missing.set(key, reason);
    }
    keep({ at_ms, totals: table.snapshot(), router: problem, missing });
  }

  /** Snapshots stay sorted: those from before the clock was put back are given up. */
  function keep(snapshot: Snapshot): void {
    while ((snapshots.at(-1)?.at_ms ?? Number.NEGATIVE_INFINITY) >= snapshot.at_ms) snapshots.pop();
    snapshots.push(snapshot);
    const oldest = snapshot.at_ms - horizonMs;
    const keepFrom = snapshots.findIndex(({ at_ms }) => at_ms >= oldest);
    snapshots.splice(0, Math.max(keepFrom - 1, snapshots.length - MAX_SNAPSHOTS, 0));
  }

  return {
    table,
    snapshots: snapshots as readonly Snapshot[],
    keep,
    want(want: Wanted): void {
      const key = `${want.colour}|${familyOf(want)}`;
      if (wanted.has(key)) return;
      wanted.set(key, want);
      wantsMore = true;
    },
    /** Keeps snapshots for spans this long. */
    needSpan(spanMs: number): void {
      horizonMs = Math.min(MAX_HORIZON_MS, Math.max(horizonMs, 1.25 * spanMs));
    },
    /** Makes sure that the newest snapshot is of now and has all that is wanted. Never throws; takes `timeoutMs` at most. */
    async refresh(): Promise<void> {
      for (;;) {
        const age = config.now() - (snapshots.at(-1)?.at_ms ?? Number.NEGATIVE_INFINITY);
        if (running === null && !wantsMore && age >= 0 && age < config.reuseMs) return;
        const joins = running !== null && !wantsMore;
        running ??= scrape().finally(() => {
          running = null;
        });
        await running;
        if (joins || !wantsMore) return;
      }
    },
  };
}

/** An adapter that ignores its signal is not waited for. */
async function inspectInTime(platform: Platform, colour: Colour, signal: AbortSignal): ReturnType<Platform['inspect']> {
  let stop = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([platform.inspect(colour, signal), late]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
