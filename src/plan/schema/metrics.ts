/** Where metrics come from, and how they are judged. */
import { z } from 'zod';
import { count, durationText, httpUrl, MAX_TEXT, percent, queries, queriesIn, text } from './base.ts';

const headers = z.record(text('a header', 200), z.string('a text').max(MAX_TEXT)).optional();

const SCRAPE_EXPECTED =
  'a query such as `gauge NAME max`, `rate NAME`, `ratio NAME / NAME`, `percent NAME / NAME` or `per_request NAME`';
const SCRAPE_NAME = '[A-Za-z_:][A-Za-z0-9_:]*(\\{[^{}]*\\})?';
/** The forms that the provider reads (src/adapters/metrics/scrape/query.ts). */
const SCRAPE_QUERY = new RegExp(
  `^\\s*(gauge\\s+${SCRAPE_NAME}(\\s+(max|min|mean|sum))?|(rate|per_request)\\s+${SCRAPE_NAME}` +
    `|(ratio|percent)\\s+${SCRAPE_NAME}\\s*/\\s*${SCRAPE_NAME})\\s*$`,
);
const scrapeQuery = z.string(SCRAPE_EXPECTED).max(MAX_TEXT).regex(SCRAPE_QUERY, SCRAPE_EXPECTED);

const providers = {
  scrape: z
    .strictObject({ queries: queriesIn(scrapeQuery).optional() })
    .describe("The router's and the instances' own /metrics."),
  prometheus: z.strictObject({ url: httpUrl, headers, queries: queries.optional() }),
  cloudwatch: z.strictObject({
    region: text('a region').optional(),
    namespace: text('a namespace').optional(),
    queries: queries.optional(),
  }),
  web: z.strictObject({ url: httpUrl, headers, queries: queries.optional() }),
};

const judging = {
  resolution: durationText.describe('How often a tick is judged. Default: 1s, at least 250ms.'),
  window: durationText.describe('Span of the samples behind a judgement of a trigger. Default: 10s.'),
  consecutive: count('a number of breaches', 1, 1_000).describe('Breaches in a row that fire a trigger. Default: 2.'),
  min_observations: count('a number of requests', 1, 1_000_000).describe(
    'Fewer in the window are no data. Default: 20.',
  ),
  on_no_data: z.enum(['hold', 'rollback', 'ignore'], 'hold, rollback or ignore').describe('Default: hold.'),
  no_data_limit: durationText.describe('How long `hold` waits for data. Default: 60s.'),
  settle: durationText.describe('How long a named check has held when its phase ends. Default: 5s.'),
  coverage: percent.describe('Part of the ticks that must be judged to pass. Default: 95%.'),
  max_gap: durationText.describe('The longest time unjudged inside a passed window. Default: 10s.'),
};

export const metricsSchema = z
  .strictObject({ ...providers, ...judging }, 'the name of a metrics provider, or a map with its settings')
  .partial()
  .describe('Where metrics come from (exactly one provider), and how they are judged.')
  .meta({ adapter: 'metrics' });
