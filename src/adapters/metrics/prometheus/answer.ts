/** The answers of Prometheus' HTTP API to an instant query (https://prometheus.io/docs/prometheus/latest/querying/api/). */
import { z } from 'zod';

export interface NativeHistogram {
  count: number;
  buckets: { lower: number; upper: number; count: number }[];
}

export interface Element {
  labels: Readonly<Record<string, string>>;
  /** Null: a native histogram. */
  value: number | null;
  histogram: NativeHistogram | null;
}

/**
 * - `unusable`: evaluated, and not to a vector or a scalar.
 * - `partial`: some of what it was to look at did not answer.
 * - `failed`: an error, of the kind `type`.
 * - `foreign`: not of Prometheus.
 */
export type Answer =
  | { kind: 'vector'; elements: Element[] }
  | { kind: 'unusable'; type: string }
  | { kind: 'partial'; warning: string }
  | { kind: 'failed'; type: string; message: string }
  | { kind: 'foreign' };

const number = z.string().transform((text) => numberOf(text));
const point = z.tuple([z.number(), number]);
const bucket = z.tuple([z.number(), number, number, number]);
const histogram = z.tuple([z.number(), z.object({ count: number, buckets: z.array(bucket).optional() })]);
const labels = z.record(z.string(), z.string());
const answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    warnings: z.array(z.string()).nullish(),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric: labels, value: point.optional(), histogram: histogram.optional() })),
      }),
      z.object({ resultType: z.literal('scalar'), result: point }),
      z.object({ resultType: z.enum(['matrix', 'string']) }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

export function readAnswer(body: string): Answer {
  const read = answer.safeParse(jsonOf(body));
  if (!read.success) return { kind: 'foreign' };
  if (read.data.status === 'error') return { kind: 'failed', type: read.data.errorType, message: read.data.error };
  const { data, warnings } = read.data;
  // A remark on the query (2.48 to 2.52 give it as a warning), not on what was found.
  const warning = warnings?.find((text) => !text.startsWith('PromQL info:'));
  if (warning !== undefined) return { kind: 'partial', warning };
  switch (data.resultType) {
    case 'scalar':
      return { kind: 'vector', elements: [{ labels: {}, value: data.result[1], histogram: null }] };
    case 'vector':
      return {
        kind: 'vector',
        elements: data.result.map(({ metric, value, histogram: native }) => ({
          labels: metric,
          value: value?.[1] ?? null,
          histogram: native === undefined ? null : nativeOf(native[1]),
        })),
      };
    default:
      return { kind: 'unusable', type: data.resultType };
  }
}

function nativeOf({ count, buckets = [] }: z.infer<typeof histogram>[1]): NativeHistogram {
  return { count, buckets: buckets.map(([, lower, upper, inside]) => ({ lower, upper, count: inside })) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Prometheus writes `+Inf`, which JavaScript does not read. */
export function numberOf(text: string): number {
  switch (text) {
    case '+Inf':
    case 'Inf':
      return Number.POSITIVE_INFINITY;
    case '-Inf':
      return Number.NEGATIVE_INFINITY;
    default:
      return text.trim() === '' ? Number.NaN : Number(text);
  }
}
