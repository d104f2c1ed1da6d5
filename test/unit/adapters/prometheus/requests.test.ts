import { describe, expect, it } from 'vitest';
import type { Element } from '../../../../src/adapters/metrics/prometheus/answer.ts';
import {
  countedIn,
  type Durations,
  nativeIn,
  nativeSample,
  quantileOf,
  shareOf,
} from '../../../../src/adapters/metrics/prometheus/requests.ts';

const WINDOW_MS = 10_000;
const BEGIN: Element = { labels: { cutover: 'begin' }, value: 3, histogram: null };
const QUIET = { kind: 'no_data', reason: 'no requests', observations: 0, quiet: true };

function statuses(counts: Record<string, number>): Element[] {
  return Object.entries(counts).map(([code, value]) => ({ labels: { code }, value, histogram: null }));
}
const share = (counts: Record<string, number>, what: Parameters<typeof shareOf>[1]) =>
  shareOf(statuses(counts), what, 'code', WINDOW_MS);

describe('shares of requests', () => {
  it('are of all requests with a status', () => {
    const counts = { 200: 90, 404: 5, 500: 3, 503: 2 };
    expect(share(counts, 'error')).toEqual({ kind: 'value', value: 5, observations: 100 });
    expect(share(counts, 'success')).toMatchObject({ value: 95 });
    expect(share(counts, 'available')).toMatchObject({ value: 98 });
    expect(share(counts, 'rate')).toEqual({ kind: 'value', value: 10, observations: 100, per: 'readings' });
  });

  it('classes will do, except for availability once something failed', () => {
    const classes = { '2xx': 90, '5xx': 10, other: 50, total: 150, 0: 7 };
    expect(share(classes, 'error')).toMatchObject({ value: 10, observations: 100 });
    expect(share(classes, 'available')).toMatchObject({ kind: 'no_data', reason: expect.stringContaining('classes') });
    expect(share({ 2: 10 }, 'available')).toMatchObject({ value: 100, observations: 10 });
  });

  it('0 ÷ 0 is quiet, no series is unknown, and neither is 0 %', () => {
    expect(share({ 200: 0, 500: 0 }, 'error')).toEqual(QUIET);
    expect(share({}, 'error')).toBeNull();
    expect(shareOf([BEGIN], 'error', 'code', WINDOW_MS)).toBeNull();
    expect(countedIn([BEGIN], 'code', WINDOW_MS)).toBeNull();
  });

  it('count requests with a status or without, and no totals', () => {
    const bare: Element = { labels: {}, value: 2.2, histogram: null };
    const found = [bare, ...statuses({ '2xx': 4, total: 6, other: 1 })];
    expect(countedIn(found, 'code', WINDOW_MS)).toEqual({ requests: 6, span: {} });
    expect(countedIn([...found, BEGIN], 'code', WINDOW_MS)).toMatchObject({ span: { span_ms: WINDOW_MS } });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('%d among the counts is no data', (value) => {
    expect(share({ 200: 10, 500: value }, 'error')).toMatchObject({
      kind: 'no_data',
      reason: 'the query answered a value that is no number',
    });
  });

  it('requests without a status are no successes', () => {
    const bare: Element = { labels: {}, value: 4, histogram: null };
    expect(shareOf([bare], 'success', 'code', WINDOW_MS)).toMatchObject({
      kind: 'no_data',
      reason: 'requests are counted without the label code, which would tell their status',
    });
    expect(shareOf([{ ...bare, value: 0 }, ...statuses({ 200: 2 })], 'success', 'code', WINDOW_MS)).toMatchObject({
      value: 100,
    });
  });

  it('tell when the window is covered', () => {
    expect(shareOf([...statuses({ 200: 1 }), BEGIN], 'error', 'code', WINDOW_MS)).toMatchObject({ span_ms: WINDOW_MS });
  });
});

const P90: Durations = { q: 0.9, unitMs: 1_000, counted: null };
function buckets(counts: Record<string, number>): Element[] {
  return Object.entries(counts).map(([le, value]) => ({ labels: { le }, value, histogram: null }));
}

describe('quantiles of classic histograms', () => {
  it('lie within their bucket, in milliseconds', () => {
    const found = buckets({ '0.1': 50, '0.2': 100, '+Inf': 100 });
    const within = { lower: 100, upper: 200 };
    expect(quantileOf(found, P90)).toEqual({ kind: 'value', value: 180, within, observations: 100 });
    const counted = { requests: 80, span: { span_ms: WINDOW_MS } };
    expect(quantileOf([...found, BEGIN], { ...P90, counted })).toMatchObject({ observations: 80, span_ms: WINDOW_MS });
    // 0.1 and 0.10 are one edge, counted by two instances.
    expect(quantileOf([...found, ...buckets({ '0.10': 50 })], P90)).toMatchObject({ value: expect.closeTo(90, 6) });
  });

  it('are known within their bucket, the first from 0 and the last without a bound', () => {
    expect(quantileOf(buckets({ '0.1': 99, '+Inf': 99 }), P90)).toMatchObject({ within: { lower: 0, upper: 100 } });
    const beyond = quantileOf(buckets({ '0.1': 50, '0.5': 60, '+Inf': 100 }), P90);
    const within = { lower: 500, upper: Number.POSITIVE_INFINITY };
    expect(beyond).toEqual({ kind: 'value', value: 500, within, observations: 100 });
  });

  it('count no bucket below nothing, as scrapes at odds by a request would', () => {
    expect(quantileOf(buckets({ '0.1': 10, '0.2': 9, '+Inf': 10 }), P90)).toMatchObject({ observations: 10 });
  });

  it('are no data without observations, without +Inf, and of what is no number', () => {
    expect(quantileOf([], P90)).toBeNull();
    expect(quantileOf([{ labels: {}, value: 4, histogram: null }], P90)).toBeNull();
    const none = buckets({ '0.1': 0, '+Inf': 0 });
    const some = buckets({ '0.1': 9, '+Inf': 9 });
    const counted = (requests: number) => ({ ...P90, counted: { requests, span: {} } });
    expect([quantileOf(none, P90), quantileOf(none, counted(0)), quantileOf(some, counted(0))]).toEqual(
      Array(3).fill(QUIET),
    );
    expect(quantileOf(none, counted(5))).toMatchObject({ reason: 'too few samples of the histogram yet' });
    expect(quantileOf(buckets({ '0.1': 4, '0.2': 9 }), P90)).toMatchObject({ reason: expect.stringContaining('+Inf') });
    expect(quantileOf(buckets({ '0.1': Number.NaN }), P90)).toMatchObject({ kind: 'no_data' });
  });
});

describe('quantiles of native histograms', () => {
  const histogram = { count: 100.5, buckets: [{ lower: 0.1, upper: 0.2, count: 100.5 }] };
  const quantile = (value: number): Element => ({ labels: {}, value, histogram: null });

  it('are the server’s own, with the count of the histogram', () => {
    expect(nativeIn([quantile(1), { labels: {}, value: null, histogram }])).toBe(histogram);
    expect(nativeIn([quantile(1)])).toBeNull();
    const within = { lower: 100, upper: 200 };
    expect(nativeSample(histogram, quantile(0.15), P90)).toEqual({
      kind: 'value',
      value: 150,
      within,
      observations: 101,
    });
    expect(nativeSample(histogram, quantile(0.9), P90)).toMatchObject({ within: { lower: 900, upper: 900 } });
  });

  it('are no data without observations or without a number', () => {
    expect(nativeSample({ count: 0.4, buckets: [] }, quantile(1), P90)).toEqual(QUIET);
    expect(nativeSample(histogram, undefined, P90)).toMatchObject({ kind: 'no_data' });
    expect(nativeSample(histogram, quantile(Number.NaN), P90)).toMatchObject({ kind: 'no_data' });
  });
});
