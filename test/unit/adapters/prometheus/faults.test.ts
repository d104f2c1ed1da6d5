import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPrometheusProvider } from '../../../../src/adapters/metrics/prometheus.ts';
import { sampleAll, settings } from '../../../support/prometheus-provider.ts';
import { type FakeServer, refusal, startFake, success, vector } from './fake-server.ts';

let server: FakeServer;
let spare: FakeServer;
beforeEach(async () => {
  [server, spare] = await Promise.all([startFake(vector([{}, '7'])), startFake(vector([{}, '8']))]);
});
afterEach(() => Promise.all([server.close(), spare.close()]));

const OWN = { queries: { queue: 'queue_depth' } };
const VALUE = { kind: 'value', value: 7, observations: 1, per: 'readings' };
const one = async (over = {}, windowMs = 10_000) => {
  const { queue } = await sampleAll(settings(server.url, { ...OWN, ...over }), 'green', ['queue'], windowMs);
  return queue;
};
const noData = (reason: string | RegExp) => ({
  kind: 'no_data',
  observations: 0,
  reason: typeof reason === 'string' ? expect.stringContaining(reason) : expect.stringMatching(reason),
});

describe('what one server may answer', () => {
  it('one element or a scalar is the value', async () => {
    expect(await one()).toEqual(VALUE);
    server.answer = success({ resultType: 'scalar', result: [1, '7'] });
    expect(await one()).toEqual(VALUE);
  });

  it.each([
    ['nothing', vector(), 'the query found nothing'],
    ['two series', vector([{ pod: 'a' }, '1'], [{ pod: 'b' }, '2']), 'gives 2 series, and one number is needed'],
    ['NaN', vector([{}, 'NaN']), 'gives NaN'],
    ['+Inf', vector([{}, '+Inf']), 'gives Infinity'],
    ['-Inf', vector([{}, '-Inf']), 'gives -Infinity'],
    ['a value that is empty', vector([{}, '']), 'gives NaN'],
    [
      'a native histogram',
      success({ resultType: 'vector', result: [{ metric: {}, histogram: [1, { count: '3', sum: '4' }] }] }),
      'a histogram',
    ],
    [
      'a part only',
      success({ resultType: 'vector', result: [] }, { warnings: ['store a is down'] }),
      'the answer may lack a part: store a is down',
    ],
    ['an error of execution', refusal(422, 'execution', 'many-to-many matching'), '422: execution: many-to-many'],
    ['a page of a proxy', (response) => void response.end('<html>'), "answered something that is not Prometheus'"],
    ['no access', (response) => void response.writeHead(401).end(), '401 (are the credentials right?)'],
    ['a redirect', (response) => void response.writeHead(302).end(), '302 (redirects are not followed)'],
    ['no such page', (response) => void response.writeHead(404).end(), '404 (does the address lack a path'],
    ['a success that failed', refusal(200, 'timeout', 'query timed out'), '200: timeout: query timed out'],
    ['half an answer', (response) => void response.writeHead(200, { 'content-length': 99 }).write('{'), 'no answer'],
  ] satisfies [string, FakeServer['answer'], string][])('%s is no data that says so', async (_, answer, reason) => {
    server.answer = answer;
    expect(await one()).toEqual(noData(reason));
  });

  it('a remark on the query is no warning', async () => {
    const warnings = ['PromQL info: metric might not be a counter'];
    server.answer = success({ resultType: 'scalar', result: [1, '7'] }, { warnings });
    expect(await one()).toEqual(VALUE);
  });

  it("a query that cannot be read is the user's, in the server's own words", async () => {
    server.answer = refusal(400, 'bad_data', 'invalid parameter "query": 1:9: parse error');
    await expect(one({ fallback: [spare.url] })).rejects.toMatchObject({
      code: 'CUTOVER_METRICS_QUERY',
      fault: 'user',
      message: 'the query of queue: invalid parameter "query": 1:9: parse error',
    });
    expect(spare.asked).toEqual([]);
    server.answer = success({ resultType: 'matrix', result: [] });
    await expect(one()).rejects.toMatchObject({ message: expect.stringContaining('evaluates to a matrix') });
  });
});

describe('several servers', () => {
  const both = () => one({ fallback: [spare.url] });

  it.each([
    ['an error of its own', refusal(500, 'internal', 'oh')],
    ['a proxy without a server', (response) => void response.writeHead(502).end('<html>')],
    ['too many requests', (response) => void response.writeHead(429).end()],
    ['no answer', () => undefined],
    ['a lost connection', (response) => void response.destroy()],
  ] satisfies [string, FakeServer['answer']][])(
    '%s goes on to the next, which is asked first then',
    async (_, answer) => {
      server.answer = answer;
      expect(await both()).toEqual({ ...VALUE, value: 8 });
      const before = server.asked.length;
      expect(await both()).toEqual({ ...VALUE, value: 8 });
      expect(server.asked).toHaveLength(before);
    },
  );

  it('all of them failing names each, without what their addresses keep secret', async () => {
    server.answer = refusal(503, 'unavailable', 'starting');
    const withPassword = server.url.replace('http://', 'http://ana:secret@');
    const sample = await one({ url: `${withPassword}/?token=hidden`, fallback: ['http://127.0.0.1:1'] });
    expect(sample).toEqual(noData(/^127\.0\.0\.1:\d+ answered 503.*; 127\.0\.0\.1:1: the connection was refused$/));
    expect(JSON.stringify(sample)).not.toMatch(/ana|secret|hidden/);
    spare.answer = refusal(503, 'unavailable', 'starting, too');
    expect(await both()).toEqual(noData(/503: unavailable: starting; .* 503: unavailable: starting, too$/));
  });

  it('one that asks for patience is left alone for as long, 10 s at most', async () => {
    let nowMs = 1_000_000;
    server.answer = refusal(429, 'too_many_requests', 'slow down', { 'retry-after': '3600' });
    const now = () => nowMs;
    expect(await one({ now })).toEqual(noData('429'));
    expect(await one({ now })).toEqual(noData('asked to be left alone for another 10 s'));
    expect(server.asked).toHaveLength(1);
    server.answer = vector([{}, '7']);
    nowMs += 10_000;
    expect(await one({ now })).toEqual(VALUE);
  });

  it('one that merely failed is asked again at once when there is no other', async () => {
    server.answer = refusal(500, 'internal', 'oh');
    expect(await one()).toEqual(noData('500'));
    server.answer = vector([{}, '7']);
    expect(await one()).toEqual(VALUE);
  });
});

describe('time', () => {
  it("is the span's end less the delay, to the millisecond, and the window is the span's", async () => {
    const queries = { queue: 'rate(x{a="$colour", b="$other"}[$window])' };
    await sampleAll(settings(server.url, { queries, ingestion_delay_ms: 1_500 }), 'green', ['queue'], 10_000, 61_750);
    await sampleAll(settings(server.url, { queries }), 'blue', ['queue'], 2_345, 60_000);
    expect(server.asked.map(({ query, time }) => [time, query])).toEqual([
      ['60.250', 'rate(x{a="green", b="blue"}[10s])'],
      ['59.000', 'rate(x{a="blue", b="green"}[2345ms])'],
    ]);
  });

  it('an empty span is no data, and nobody is asked', async () => {
    expect(await one({}, 0)).toEqual(noData('the span is empty'));
    expect(server.asked).toEqual([]);
  });

  it('everything is asked at once, each question once, and an abort ends it with its reason', async () => {
    server.answer = () => undefined;
    const queries = { a: 'same', b: 'same', c: 'other' };
    const provider = createPrometheusProvider(settings(server.url, { queries }));
    const span = { colour: 'blue' as const, from_ms: 0, to_ms: 10_000 };
    const controller = new AbortController();
    const asked = provider.sample(
      ['a', 'b', 'c'].map((metric) => ({ metric, ...span })),
      controller.signal,
    );
    const expected = expect(asked).rejects.toThrow('the tick is over');
    await expect.poll(() => server.asked.length).toBe(2);
    controller.abort(new Error('the tick is over'));
    await expected;
    await expect(provider.sample([], controller.signal)).rejects.toThrow('the tick is over');
  });

  it('keeps nothing that a successor would need', () => {
    const provider = createPrometheusProvider(settings(server.url));
    provider.restore({ v: 1 });
    expect(provider.checkpoint(0)).toBeNull();
    provider.close();
  });
});

describe("the count behind a plan's own query", () => {
  const counted = (answer: FakeServer['answer']) => {
    server.answer = (response, query) => (query === 'the_count' ? answer : vector([{}, 'NaN']))(response, query);
    return one({ counts: { queue: 'the_count' } });
  };

  it('is what min_observations is held against', async () => {
    server.answer = (response, query) => vector([{}, query === 'the_count' ? '41.7' : '7'])(response);
    expect(await one({ counts: { queue: 'the_count' } })).toEqual({ kind: 'value', value: 7, observations: 42 });
  });

  it('tells nothing ÷ nothing, which is quiet, from what is broken', async () => {
    expect(await counted(vector([{}, '0']))).toEqual({ ...noData('nothing was observed'), quiet: true });
    expect(await counted(vector([{}, '9']))).toEqual(noData('gives NaN'));
    expect(await counted(vector())).toEqual(noData('the query of its count found nothing'));
    expect(await counted(vector([{}, 'NaN']))).toEqual(noData('the count: the query gives NaN'));
    expect(await counted(refusal(500, 'internal', 'oh'))).toEqual(noData('the count: 127'));
  });
});
