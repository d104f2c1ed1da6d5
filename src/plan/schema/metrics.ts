/** Where metrics come from, and how they are judged. */
import { z } from 'zod';
import { formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { count, durationText, httpUrl, MAX_TEXT, percent, queries, queriesIn, text } from './base.ts';

const headers = z
  .record(text('a header', 200), z.string('a text').max(MAX_TEXT))
  .optional()
  .meta({ description: 'Sent with every query, for example `Authorization`.', otherwise: 'none' });

const SCRAPE_EXPECTED =
  'a query such as `gauge NAME max`, `rate NAME`, `ratio NAME / NAME`, `percent NAME / NAME` or `per_request NAME`';
const SCRAPE_NAME = '[A-Za-z_:][A-Za-z0-9_:]*(\\{[^{}]*\\})?';
/** The forms that the provider reads (src/adapters/metrics/scrape/query.ts). */
const SCRAPE_QUERY = new RegExp(
  `^\\s*(gauge\\s+${SCRAPE_NAME}(\\s+(max|min|mean|sum))?|(rate|per_request)\\s+${SCRAPE_NAME}` +
    `|(ratio|percent)\\s+${SCRAPE_NAME}\\s*/\\s*${SCRAPE_NAME})\\s*$`,
);
const scrapeQuery = z.string(SCRAPE_EXPECTED).max(MAX_TEXT).regex(SCRAPE_QUERY, SCRAPE_EXPECTED);

const ownQueries = queriesIn(scrapeQuery)
  .optional()
  .meta({ examples: [{ queue_depth: 'gauge queue_depth max', business_metric: 'per_request orders_total' }] });
const region = text('a region').optional().meta({ description: 'AWS region.' });

const providers = {
  scrape: z
    .strictObject({ queries: ownQueries })
    .meta({ description: "The router's and the instances' own /metrics pages, read every 250ms at the oftenest." }),
  prometheus: z
    .strictObject({
      url: httpUrl.meta({ description: 'Address of the server.', examples: ['http://prometheus:9090'] }),
      headers,
      queries: queries.optional(),
    })
    .meta({ description: 'A Prometheus server, asked every second at the oftenest.' }),
  cloudwatch: z
    .strictObject({
      region,
      namespace: text('a namespace').optional().meta({
        description: 'CloudWatch namespace of the metrics.',
      }),
      queries: queries.optional(),
    })
    .meta({ description: 'Amazon CloudWatch, asked every 10s at the oftenest.' }),
  web: z
    .strictObject({
      url: httpUrl.meta({ description: 'Address that is asked for the values.' }),
      headers,
      queries: queries.optional(),
    })
    .meta({ description: 'Any HTTP endpoint that answers JSON, asked every second at the oftenest.' }),
};

const judging = {
  resolution: durationText.meta({
    description: 'How often a tick is judged: at least 250ms, and no oftener than the provider answers.',
    default: formatDuration(DEFAULTS.resolution_ms),
  }),
  window: durationText.meta({
    description: 'Span of the samples behind one judgement of a rollback trigger; at least `resolution`.',
    default: formatDuration(DEFAULTS.window_ms),
  }),
  consecutive: count('a number of breaches', 1, 1_000).meta({
    description: 'Breaches in a row that fire a rollback trigger.',
    default: DEFAULTS.consecutive,
  }),
  min_observations: count('a number of requests', 1, 1_000_000).meta({
    description: 'Requests within the window below which there is no data.',
    default: DEFAULTS.min_observations,
  }),
  on_no_data: z.enum(['hold', 'rollback', 'ignore'], 'hold, rollback or ignore').meta({
    description:
      'What missing data means. `hold`: wait for `no_data_limit`, then roll back before 100 %, or stay and call a ' +
      'person at 100 %. `rollback`: wait for it, then roll back. `ignore`: go on.',
    default: DEFAULTS.on_no_data,
  }),
  no_data_limit: durationText.meta({
    description: 'How long data may be missing before `on_no_data` decides.',
    default: formatDuration(DEFAULTS.no_data_limit_ms),
  }),
  settle: durationText.meta({
    description: 'How long a named check must have held when its phase ends; `0s`: it must hold at the end.',
    default: formatDuration(DEFAULTS.settle_ms),
  }),
  coverage: percent.meta({
    description: 'Part of the ticks that must be judged for a window to pass, percent.',
    default: `${DEFAULTS.coverage_percent}%`,
  }),
  max_gap: durationText.meta({
    description: 'The longest time without a judged tick inside a passed window; at least `resolution`.',
    default: formatDuration(DEFAULTS.max_gap_ms),
  }),
};

export const metricsSchema = z
  .strictObject({ ...providers, ...judging }, 'the name of a metrics provider, or a map with its settings')
  .partial()
  .meta({
    adapter: 'metrics',
    description: 'Where metrics come from (exactly one provider), and how they are judged.',
    otherwise: 'scrape on the platform local',
  });
