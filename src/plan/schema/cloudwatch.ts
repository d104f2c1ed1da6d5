/** The metrics provider `cloudwatch`, as written. */
import { z } from 'zod';
import { DIMENSION_NAMES } from '../cloudwatch.ts';
import { formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { countsOf, durationText, queries, text } from './base.ts';

const dimensionOf = (name: string) =>
  text('the value of a dimension', 1_024)
    .optional()
    .meta({ description: `Value of the dimension ${name}.` });
const dimensionsOfColour = z.strictObject(Object.fromEntries(DIMENSION_NAMES.map((name) => [name, dimensionOf(name)])));
const SERIES_NAME_EXPECTED = 'a name that begins with a small letter, of letters, digits and underscores';
const seriesName = z.string().regex(/^[a-z][A-Za-z0-9_]{0,99}$/, SERIES_NAME_EXPECTED);
const STATISTIC_EXPECTED = 'a statistic such as Sum, Average, Maximum, SampleCount or p99';
const series = z.strictObject({
  namespace: text('a namespace', 255).optional().meta({ description: 'Namespace.', otherwise: "the provider's" }),
  metric: text('the name of a metric', 255).meta({ description: 'Name of the metric.' }),
  dimensions: z
    .record(text('the name of a dimension', 255), text('the value of a dimension', 1_024))
    .refine((all) => Object.keys(all).length <= 30, 'at most 30 dimensions')
    .optional()
    .meta({
      description: 'Dimension → value; `$service $environment $colour $other` are put in.',
      default: {},
      examples: [{ Service: '$service', Colour: '$colour' }],
    }),
  statistic: z
    .string(STATISTIC_EXPECTED)
    .max(100)
    .regex(
      /^(Sum|Average|Minimum|Maximum|SampleCount|IQM|(p|tm|tc|ts|wm)\d{1,2}(\.\d{1,10})?|(PR|TM|TC|TS|WM)\([\d.:%]+\))$/,
      STATISTIC_EXPECTED,
    )
    .optional()
    .meta({ description: 'Statistic over each period.', default: DEFAULTS.cloudwatch.statistic }),
});

export const cloudwatch = z
  .strictObject({
    region: text('a region').optional().meta({
      description: 'AWS region.',
      otherwise: "the router's or the platform's, else the worker's",
    }),
    period: durationText.optional().meta({
      description: 'Length of one data point: 1s, 5s, 10s, 20s or 30s of high-resolution metrics, else whole minutes.',
      default: formatDuration(DEFAULTS.cloudwatch.period_ms),
    }),
    ingestion_delay: durationText.optional().meta({
      description: 'How long after its period a data point has come; no window reaches nearer to now.',
      default: formatDuration(DEFAULTS.cloudwatch.ingestion_delay_ms),
    }),
    dimensions: z
      .strictObject({
        blue: dimensionsOfColour.optional().meta({ description: 'Of blue.', otherwise: 'as above' }),
        green: dimensionsOfColour.optional().meta({ description: 'Of green.', otherwise: 'as above' }),
      })
      .optional()
      .meta({
        description: 'Dimensions of the built-in series, by colour.',
        otherwise: 'those of `router.alb`, `platform.ecs` and `platform.asg`',
        examples: [
          {
            blue: { LoadBalancer: 'app/shop/50dc6c495c0c9188', TargetGroup: 'targetgroup/shop-blue/73e2d6bc24d8a067' },
          },
        ],
      }),
    namespace: text('a namespace', 255).optional().meta({
      description: "Namespace of the plan's own `series`.",
      otherwise: 'each names its own',
    }),
    series: z
      .record(seriesName, series)
      .refine((all) => Object.keys(all).length <= 100, 'at most 100 series')
      .optional()
      .meta({
        description: 'Name → metric of CloudWatch that queries can name, beside the built-in series.',
        otherwise: 'the built-in ones only',
        examples: [{ orders: { namespace: 'Shop', metric: 'Orders', dimensions: { Colour: '$colour' } } }],
      }),
    queries: queries.optional(),
    counts: countsOf(text('a query', 8_000)),
  })
  .meta({ description: 'Amazon CloudWatch, asked once per `resolution`, which is its `period` or longer.' });
