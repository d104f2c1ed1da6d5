/** The parts of a call to GetMetricData: series of CloudWatch, and expressions over them, each with an Id of its own. */
import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { type Dimensions, dimensionsOf, type Places } from '../../../plan/cloudwatch.ts';
import { builtInSeries } from '../../../plan/cloudwatch-series.ts';
import { isInsights, isName, namesIn, renamed } from '../../../plan/metric-math.ts';
import type { CloudWatchSettings } from '../../../plan/schema/normalised-metrics.ts';
import type { Colour } from '../../../plan/types.ts';
import { substitute, type Variables } from '../prometheus/variables.ts';

/** `needs`: the series that the expression names. */
export interface Definition {
  id: string;
  query: Omit<MetricDataQuery, 'Id' | 'ReturnData'>;
  needs: Definition[];
  /** For people. */
  about: string;
}

export interface Definitions {
  /** A series of the plan, or a built-in one; null: the colour has no dimensions for it. */
  series(name: string): Definition | null;
  /** A query of the plan; a text: what it lacks. `kind` keeps the Ids of queries and counts apart. */
  expression(text: string, name: string, kind: 'query' | 'count'): Definition | string;
  dimensions: Dimensions;
}

export type DefinitionSettings = Pick<CloudWatchSettings, 'series' | 'dimensions' | 'period_ms'>;

/** What is put into queries, beside the variables of every provider: `$period`, in seconds. */
const PERIOD = /\$period\b/g;

export function definitionsOf(settings: DefinitionSettings, places: Places, variables: Variables): Definitions {
  const { colour } = variables;
  const period = settings.period_ms / 1_000;
  const dimensions = dimensionsOf(places, settings.dimensions[colour], colour);
  const put = (text: string) => substitute(text, variables, (value) => value);

  function series(name: string): Definition | null {
    const found = own(name) ?? builtIn(name);
    if (found === null) return null;
    const { namespace, metric, statistic, values } = found;
    const Dimensions = Object.entries(values).map(([Name, Value]) => ({ Name, Value }));
    return {
      id: idOf(colour, name),
      query: {
        MetricStat: {
          Metric: { Namespace: namespace, MetricName: metric, Dimensions },
          Period: period,
          Stat: statistic,
        },
      },
      needs: [],
      about: `${metric} of ${Object.values(values).join(', ') || namespace}`,
    };
  }

  function own(name: string) {
    const found = Object.hasOwn(settings.series, name) ? settings.series[name] : undefined;
    if (found === undefined) return null;
    const values = Object.entries(found.dimensions).map(([key, value]) => [key, put(value)] as const);
    return { ...found, values: Object.fromEntries(values) };
  }

  function builtIn(name: string) {
    const found = builtInSeries(name, dimensions);
    if (found === null) return null;
    return { ...found, values: Object.fromEntries(found.dimensions.map((key) => [key, dimensions[key] ?? ''])) };
  }

  function expression(text: string, name: string, kind: 'query' | 'count'): Definition | string {
    const asked = put(text).replace(PERIOD, String(period)).trim();
    const needs: Definition[] = [];
    for (const word of namesIn(asked)) {
      const needed = series(word);
      if (needed === null) return `there is no series ${word} of ${colour}`;
      needs.push(needed);
    }
    const [only] = needs;
    if (only !== undefined && isName(asked)) return only;
    return {
      id: `${colour}_${kind}_${name}`,
      query: {
        Expression: renamed(asked, (word) => idOf(colour, word)),
        ...(isInsights(asked) && { Period: period }),
      },
      needs,
      about: `the ${kind} of ${name}`,
    };
  }

  return { series, expression, dimensions };
}

function idOf(colour: Colour, series: string): string {
  return `${colour}_s_${series}`;
}
