/** Data points for tests, and answers of GetMetricData that moto never gives: percentiles, partial data, pages, expressions. */
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { AwsFault } from './fault-proxy.ts';
import type { AwsStage } from './stage.ts';

export interface Datum {
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  /** Epoch milliseconds of its period. */
  atMs: number;
  value: number;
}

export async function putMetricData(direct: AwsStage['direct'], data: readonly Datum[]): Promise<void> {
  const client = new CloudWatchClient(direct);
  for (const namespace of new Set(data.map((datum) => datum.namespace))) {
    await client.send(
      new PutMetricDataCommand({
        Namespace: namespace,
        MetricData: data
          .filter((datum) => datum.namespace === namespace)
          .map(({ metric, dimensions, atMs, value }) => ({
            MetricName: metric,
            Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
            Timestamp: new Date(atMs),
            Value: value,
          })),
      }),
    );
  }
  client.destroy();
}

/** As it stands in the JSON of an answer: timestamps in seconds. */
export interface Result {
  Id: string;
  Label: string;
  Timestamps: number[];
  Values: (number | string | null)[];
  StatusCode: string;
  Messages?: { Code: string; Value: string }[];
}

export interface MetricDataAnswer {
  MetricDataResults: Result[];
  NextToken?: string;
}

/** What moto answers, changed. */
export function changed(change: (answer: MetricDataAnswer) => MetricDataAnswer): AwsFault {
  return async (pass) => {
    const answer = await pass();
    const body = JSON.stringify(change(JSON.parse(answer.body) as MetricDataAnswer));
    const { 'content-length': _, ...headers } = answer.headers;
    return { status: answer.status, headers, body };
  };
}

/** The results whose Ids end with `id`, changed. */
export function changedResult(id: string, change: (result: Result) => Result): AwsFault {
  return changed(({ MetricDataResults, ...rest }) => ({
    ...rest,
    MetricDataResults: MetricDataResults.map((result) => (result.Id.endsWith(id) ? change(result) : result)),
  }));
}

/** The points that CloudWatch would compute: moto knows no percentiles, and evaluates no expression. */
export function points(byMs: ReadonlyMap<number, number> | [number, number][]): Pick<Result, 'Timestamps' | 'Values'> {
  const entries = [...byMs];
  return { Timestamps: entries.map(([atMs]) => atMs / 1_000), Values: entries.map(([, value]) => value) };
}
