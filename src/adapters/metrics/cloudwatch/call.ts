/** GetMetricData: all series of a tick in one call. */
import type { GetMetricDataCommandOutput, MetricDataQuery, MetricDataResult } from '@aws-sdk/client-cloudwatch';
import type { AwsService } from '../../aws/service.ts';
import type { Definition } from './definitions.ts';
import type { Found } from './points.ts';
import type { Span } from './span.ts';

/** Bounds of the API: queries of one call, data points of one answer. */
export const MAX_QUERIES = 500;
const MAX_DATA_POINTS = 100_800;
/** A token that leads in circles ends here. */
const MAX_PAGES = 50;

/** By Id, for each of the definitions. Throws CutoverErrors, and the signal's reason when it is aborted. */
export async function getMetricData(
  service: AwsService<'cloudwatch'>,
  wanted: readonly Definition[],
  span: Span,
  signal: AbortSignal,
): Promise<Map<string, Found>> {
  const answers = await Promise.all(inCalls(wanted).map((queries) => getPages(service, queries, span, signal)));
  const results = answers.flat();
  return new Map(wanted.map(({ id, about }) => [id, foundIn(results, id, about)]));
}

async function getPages(
  service: AwsService<'cloudwatch'>,
  queries: MetricDataQuery[],
  { fromMs, toMs }: Span,
  signal: AbortSignal,
): Promise<MetricDataResult[]> {
  const results: MetricDataResult[] = [];
  let token: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const answer: GetMetricDataCommandOutput = await service.read(
      'GetMetricData',
      '*',
      signal,
      ({ sdk, client }, options) =>
        client.send(
          new sdk.GetMetricDataCommand({
            MetricDataQueries: queries,
            StartTime: new Date(fromMs),
            EndTime: new Date(toMs),
            ScanBy: 'TimestampDescending',
            MaxDatapoints: MAX_DATA_POINTS,
            ...(token === undefined ? {} : { NextToken: token }),
          }),
          options,
        ),
    );
    results.push(...(answer.MetricDataResults ?? []));
    token = answer.NextToken;
    if (token === undefined || token === '') return results;
  }
  // What has not come is told as such: the last status of each series is that of its last page.
  return results.map((result) => ({ ...result, StatusCode: 'PartialData' }));
}

/** An expression and what it names go into one call; as a rule that is all of it. */
export function inCalls(wanted: readonly Definition[]): MetricDataQuery[][] {
  const calls: Map<string, MetricDataQuery>[] = [];
  for (const definition of wanted) {
    const parts = [...definition.needs.map((needed) => queryOf(needed, false)), queryOf(definition, true)];
    const call = roomFor(parts, calls);
    for (const part of parts) {
      const { Id = '' } = part;
      const isReturned = part.ReturnData === true || call.get(Id)?.ReturnData === true;
      call.set(Id, { ...part, ReturnData: isReturned });
    }
  }
  return calls.map((call) => [...call.values()]);
}

/** The latest call, while it has room for what it does not have yet; else a new one. */
function roomFor(parts: MetricDataQuery[], calls: Map<string, MetricDataQuery>[]): Map<string, MetricDataQuery> {
  const latest = calls.at(-1);
  const added = parts.filter(({ Id = '' }) => latest?.has(Id) !== true).length;
  if (latest !== undefined && latest.size + added <= MAX_QUERIES) return latest;
  const call = new Map<string, MetricDataQuery>();
  calls.push(call);
  return call;
}

function queryOf({ id, query }: Definition, isReturned: boolean): MetricDataQuery {
  return { ...query, Id: id, ReturnData: isReturned };
}

/** Pages repeat a series by Id and label; a search gives several labels to one Id. */
function foundIn(results: readonly MetricDataResult[], id: string, about: string): Found {
  const pages = results.filter((result) => result.Id === id);
  const labels = new Set(pages.filter(({ Values = [] }) => Values.length > 0).map(({ Label }) => Label));
  if (labels.size > 1) {
    return { kind: 'problem', reason: `${about} gives ${labels.size} series, and one is needed: SUM or AVG them` };
  }
  const said = pages.flatMap(({ Messages = [] }) => Messages).flatMap(({ Value }) => Value ?? []);
  const [message] = said;
  const status = pages.at(-1)?.StatusCode;
  if (status !== 'Complete') {
    return { kind: 'problem', reason: `${about}: ${statusText(status)}${message === undefined ? '' : `: ${message}`}` };
  }
  const points = new Map<number, number>();
  for (const { Timestamps = [], Values = [] } of pages) {
    for (const [index, at] of Timestamps.entries()) {
      const value = Values[index];
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        return { kind: 'problem', reason: `${about} has a data point that is no number` };
      }
      points.set(at.getTime(), value);
    }
  }
  return { kind: 'points', points };
}

function statusText(status: string | undefined): string {
  switch (status) {
    case 'PartialData':
      return 'CloudWatch answered a part of it only (PartialData)';
    case 'InternalError':
      return 'CloudWatch could not answer (InternalError)';
    case 'Forbidden':
      return 'the account that has it does not share it (Forbidden)';
    default:
      return status === undefined ? 'CloudWatch did not answer it' : `CloudWatch answered ${status}`;
  }
}
