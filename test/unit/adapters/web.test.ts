import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWebProvider, type WebConfig } from '../../../src/adapters/metrics/web.ts';
import { type Listening, listen } from '../../support/prometheus.ts';

let server: Listening;
let asked: string[];
let document: string;
let status: number;
beforeEach(async () => {
  [asked, document, status] = [[], '{"errors": {"percent": 1.5}, "text": "2.5", "requests": 40, "none": null}', 200];
  server = await listen((request, response) => {
    asked.push(`${request.url} ${request.headers['x-one'] ?? ''}`.trim());
    response.writeHead(status).end(document);
  });
});
afterEach(() => server.close());

const QUERIES = { error_rate: '$.errors.percent', text: '$.text', gone: '$.gone', none: '$.none', map: '$.errors' };

async function sample(metrics: string[], over: Partial<WebConfig> = {}, agoMs = 0) {
  const provider = createWebProvider({
    url: `${server.url}/$service/$environment/$colour?not=$other&span=$window`,
    headers: {},
    counts: {},
    queries: QUERIES,
    service: 'shop',
    environment: 'eu west',
    resolutionMs: 1_000,
    ...over,
  });
  const to_ms = Date.now() - agoMs;
  const span = { colour: 'green' as const, from_ms: to_ms - 10_000, to_ms };
  provider.restore(null);
  expect(provider.checkpoint(0)).toBeNull();
  const samples = await provider.sample(
    metrics.map((metric) => ({ metric, ...span })),
    AbortSignal.timeout(5_000),
  );
  provider.close();
  return samples;
}

const noData = (reason: string) => ({ kind: 'no_data', observations: 0, reason: expect.stringContaining(reason) });

describe('the metrics provider web', () => {
  it('reads the document once, at the address of colour and window', async () => {
    expect(await sample(['error_rate', 'text'], { headers: { 'X-One': '1' } })).toEqual([
      { kind: 'value', value: 1.5, observations: 1, per: 'readings' },
      { kind: 'value', value: 2.5, observations: 1, per: 'readings' },
    ]);
    expect(asked).toEqual(['/shop/eu%20west/green?not=blue&span=10s 1']);
  });

  it('takes the observations from where the plan says', async () => {
    const at = (path: string) => sample(['error_rate'], { counts: { error_rate: path } });
    expect(await at('$.requests')).toEqual([{ kind: 'value', value: 1.5, observations: 40 }]);
    expect(await at('$.gone')).toEqual([noData('the count: there is nothing at $.gone')]);
    document = '{"errors": {"percent": 0}, "requests": 0}';
    expect(await at('$.requests')).toEqual([{ ...noData('nothing was observed'), quiet: true }]);
  });

  it('what is no number is no data', async () => {
    expect(await sample(['gone', 'none', 'map', 'other'])).toEqual([
      noData('there is nothing at $.gone'),
      noData('there is nothing at $.none'),
      noData('what stands at $.errors is no number'),
      noData('the plan does not say where other stands'),
    ]);
  });

  it('an endpoint that answers nothing useful is no data', async () => {
    document = '<html>';
    expect(await sample(['error_rate'])).toEqual([noData('not JSON')]);
    status = 503;
    expect(await sample(['error_rate'])).toEqual([noData('answered 503')]);
    expect(await sample(['error_rate'], { url: 'http://127.0.0.1:1/' })).toEqual([
      noData('the connection was refused'),
    ]);
  });

  it('knows nothing of what was', async () => {
    expect(await sample(['error_rate'], {}, 5_000)).toEqual([noData('keeps no history')]);
    expect(asked).toEqual([]);
  });

  it('refuses a path that is none, and ends with its signal', async () => {
    await expect(sample(['bad'], { queries: { bad: '$..*' } })).rejects.toMatchObject({
      code: 'CUTOVER_METRICS_QUERY',
    });
    const provider = createWebProvider({
      ...{ url: server.url, headers: {}, counts: {}, queries: QUERIES },
      ...{ service: 'shop', environment: 'production', resolutionMs: 1_000 },
    });
    await expect(provider.sample([], AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
    const controller = new AbortController();
    const span = { metric: 'error_rate', colour: 'green' as const, from_ms: 0, to_ms: Date.now() };
    const late = provider.sample([span], controller.signal);
    controller.abort(new Error('over, too'));
    await expect(late).rejects.toThrow('over, too');
  });
});
