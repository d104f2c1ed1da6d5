/** Where metrics come from, and how they are judged. */
import { z } from 'zod';
import { formatDuration } from '../duration.ts';
import { EXPORTER_NAMES } from '../exporters.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { parseValuePath } from '../value-path.ts';
import { count, countsOf, durationText, httpUrl, MAX_TEXT, percent, queries, queriesIn, text } from './base.ts';
import { cloudwatch } from './cloudwatch.ts';

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
const LABEL_EXPECTED = 'the name of a label: letters, digits and underscores';
const labelName = z.string(LABEL_EXPECTED).regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, LABEL_EXPECTED);
const FILE_EXPECTED = 'the absolute path of a file where the worker runs';
const file = z
  .string(FILE_EXPECTED)
  .max(MAX_TEXT)
  .regex(/^\/[^\0]+$/, FILE_EXPECTED);
const PATH_EXPECTED = 'a JSONPath to one value, such as $.orders.perRequest';
const valuePath = z
  .string(PATH_EXPECTED)
  .max(500, PATH_EXPECTED)
  .refine((path) => parseValuePath(path) !== null, PATH_EXPECTED);
const prometheus = z
  .strictObject({
    url: httpUrl.meta({ description: 'Address of the server.', examples: ['http://prometheus:9090'] }),
    fallback: z.array(httpUrl, 'a list of addresses').max(5, 'at most 5 addresses').optional().meta({
      description: 'Asked in turn where the server does not answer, or answers 429 or 5xx.',
      otherwise: 'none',
    }),
    headers,
    basic_auth: z
      .strictObject({
        username: text('a name', 200).meta({ description: 'Name of the user.' }),
        password_file: file.meta({ description: 'File with the password, one line.' }),
      })
      .optional()
      .meta({ description: 'Name and password, from a file on the worker.', otherwise: 'none' }),
    bearer_token_file: file.optional().meta({
      description: 'File with a bearer token, one line; read again when it changes.',
      otherwise: 'none',
    }),
    tls: z
      .strictObject({
        ca_file: file.optional().meta({
          description: 'Certificates (PEM) that the server is verified with.',
          otherwise: "Node.js' own",
        }),
        cert_file: file.optional().meta({
          description: "The client's certificate (PEM); needs `key_file`.",
          otherwise: 'none',
        }),
        key_file: file.optional().meta({ description: 'Its key (PEM).', otherwise: 'none' }),
        server_name: text('a host name', 253).optional().meta({
          description: "Name in the server's certificate.",
          otherwise: 'that of the address',
        }),
      })
      .optional()
      .meta({ description: 'Files for https; read again when they change.', otherwise: "Node.js' own certificates" }),
    tenant: text('the name of a tenant', 150).optional().meta({
      description: 'Sent as `X-Scope-OrgID` (Mimir, Cortex) and `THANOS-TENANT`.',
      otherwise: 'none',
    }),
    exporter: z
      .enum(EXPORTER_NAMES, `one of ${EXPORTER_NAMES.join(', ')}`)
      .optional()
      .meta({ description: 'Whose names the built-in queries ask for.', default: DEFAULTS.exporter }),
    labels: z
      .record(labelName, text('a value', 500))
      .optional()
      .meta({
        description:
          "Label → value that selects one colour's series; `$service $environment $colour $other` are put in.",
        otherwise: "the exporter's",
        examples: [{ app: '$service', slot: '$colour' }],
      }),
    status_label: labelName.optional().meta({
      description: "Label with a request's status.",
      otherwise: "the exporter's",
    }),
    where: text('matchers of PromQL')
      .optional()
      .meta({
        description:
          'Further matchers of the built-in queries on requests, as in PromQL: what is no request of a client.',
        otherwise: "the exporter's",
        examples: ['path!~"/health|/metrics"'],
      }),
    kubernetes: z
      .strictObject({
        namespace: text('a namespace', 200).optional().meta({
          description: 'Namespace of the pods.',
          otherwise: 'any',
        }),
        pods: text('a regular expression', 500)
          .optional()
          .meta({ description: "Regular expression (RE2) of a colour's pods.", default: DEFAULTS.pods }),
        container: text('a container', 200).optional().meta({
          description: 'The container that is measured.',
          otherwise: 'all of a pod',
        }),
      })
      .optional()
      .meta({ description: 'What `cpu_utilization` and `memory_utilization` look at.' }),
    queries: queries.optional(),
    counts: countsOf(text('a query', 8_000)),
    ingestion_delay: durationText.optional().meta({
      description: 'How much later than its time a sample can be asked for; every window lies that much earlier.',
      default: formatDuration(DEFAULTS.ingestion_delay_ms),
    }),
  })
  .meta({ description: 'A Prometheus server, or what answers like one, asked every second at the oftenest.' });

const web = z
  .strictObject({
    url: httpUrl.meta({
      description: 'Address that is asked for the values; `$service $environment $colour $other $window` are put in.',
      examples: ['http://stats:8080/v1/$service/$colour?span=$window'],
    }),
    headers,
    queries: queriesIn(valuePath)
      .optional()
      .meta({
        description: 'Metric name → JSONPath of its value in the answer.',
        otherwise: 'none, and then there is no data',
        examples: [{ error_rate: '$.errors.percent' }],
      }),
    counts: countsOf(valuePath),
  })
  .meta({ description: 'Any HTTP endpoint that answers JSON, asked every second at the oftenest.' });

const providers = {
  scrape: z
    .strictObject({ queries: ownQueries })
    .meta({ description: "The router's and the instances' own /metrics pages, read every 250ms at the oftenest." }),
  prometheus,
  cloudwatch,
  web,
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
