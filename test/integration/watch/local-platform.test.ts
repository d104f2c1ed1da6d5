/** Watchers over the real thing: the local program's router, its instances, their metrics and health documents. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, describe, expect, it } from 'vitest';
import { createWatchActivities } from '../../../src/activities/watch-activities.ts';
import type { WatchInput } from '../../../src/activities/watch-types.ts';
import { createAdapters } from '../../../src/adapters/registry.ts';
import { criteria, watchInput } from '../../support/watch-world.ts';
import {
  foreignShift,
  get,
  runShop,
  SERVICE,
  SHOP_COMMAND,
  type ShopOptions,
  workbenchForTest,
} from '../local/support.ts';

let load: NodeJS.Timeout | undefined;
afterEach(() => clearInterval(load));

/** Blue and green under about 150 requests per second, half each, and the activities that watch them. */
async function runShopUnderLoad(options: ShopOptions = {}) {
  const bench = await workbenchForTest();
  const one = { version: '1.0.0', replicas: 1 };
  const view = await runShop(bench.client, { blue: one, green: { version: '2.0.0', replicas: 2 }, ...options });
  await foreignShift(bench.client, 50);
  load = setInterval(() => {
    for (let sent = 0; sent < 3; sent += 1) get(view.public_url).catch(() => undefined);
  }, 20);
  const target: WatchInput['target'] = {
    ...watchInput({}).target,
    service: SERVICE,
    platform: { kind: 'local', url: bench.program.url, command: SHOP_COMMAND, cwd: null, env: {} },
    router: { kind: 'local', url: bench.program.url },
    metrics: { kind: 'scrape', queries: {}, resolution_ms: 500 } as unknown as WatchInput['target']['metrics'],
  };
  const adapters = createAdapters({ localUrl: bench.program.url, log: () => undefined });
  return { bench, target, activities: createWatchActivities({ adapters, secrets: () => undefined }) };
}

function run<T>(work: () => Promise<T>): Promise<T> {
  const mock = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  return mock.run(work) as Promise<T>;
}

function windowOf(target: WatchInput['target'], over: Partial<WatchInput>): WatchInput {
  // Half the ticks suffice: how many a busy test machine misses is not what is tried here.
  const settings = {
    resolution_ms: 500,
    window_ms: 2_000,
    coverage_percent: 50,
    settle_ms: 1_000,
    min_observations: 10,
  };
  const started_at_ms = Date.now();
  return { ...watchInput(over, settings), target, started_at_ms, ends_at_ms: started_at_ms + 4_000 };
}

describe('on the local platform a window', () => {
  it('of a healthy candidate passes: rates, latency against the baseline, gauges and named checks', async () => {
    const { target, activities } = await runShopUnderLoad();
    const success_criteria = criteria(
      'http_success_rate > 99.5',
      'db_connection_success > 99.9',
      'memory_utilization < 100',
      'p99_latency < baseline + 2s',
      'cache_preloaded',
    );
    const result = await run(() =>
      activities.watchWindow(windowOf(target, { success_criteria, rollback_triggers: criteria('error_rate > 0.5') })),
    );
    expect(result).toMatchObject({ verdict: 'passed' });
    expect(result.evidence?.criteria.map(({ state }) => state)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
    expect(result.evidence?.criteria[3]?.baseline?.source).toBe('concurrent');
  }, 60_000);

  it('of a failing candidate is breached', async () => {
    const { target, activities } = await runShopUnderLoad({ env: { FAULTS: '{"2.0.0":{"error_percent":50}}' } });
    const result = await run(() =>
      activities.watchWindow(windowOf(target, { rollback_triggers: criteria('error_rate > 0.5') })),
    );
    expect(result).toMatchObject({ verdict: 'breached', criterion: 'error_rate > 0.5' });
  }, 60_000);

  it('is preceded by a baseline, and the smoke suite finds every instance', async () => {
    const { target, activities } = await runShopUnderLoad();
    const metrics = ['p99_latency', 'error_rate'];
    const baselines = await run(() =>
      activities.measureBaseline({ target, colour: 'blue', metrics, window_ms: 1_000, min_observations: 10 }),
    );
    expect(Object.keys(baselines).sort()).toEqual(['error_rate', 'p99_latency']);
    const smoke = {
      health: { path: '/health', required_fields: ['status', 'timestamp', 'version'], expect: { status: 'healthy' } },
      endpoints: [
        { path: '/api/v1/users', method: 'GET', status: 200 },
        { path: '/api/v1/orders', method: 'GET', status: 401 },
      ],
      max_response_time_ms: 10_000,
      timeout_ms: 10_000,
      database: null,
      dependencies: null,
      flows: [],
      security_headers: {},
    };
    const result = await run(() => activities.runSmoke({ target, colour: 'green', version: '2.0.0', smoke }));
    expect(result).toMatchObject({ ok: true });
  }, 60_000);
});

describe('on the local platform the proof that no traffic comes', () => {
  it('is given once the colour has lost it', async () => {
    const { bench, target, activities } = await runShopUnderLoad();
    await foreignShift(bench.client, 100);
    const drained = await run(() =>
      activities.awaitDrained({ target, colour: 'green', deadline_ms: Date.now() + 20_000 }),
    );
    expect(drained).toEqual({ left: 0 });
    const { proof } = await run(() => activities.proveNoTraffic({ target, colour: 'green' }));
    expect(proof).toContain('0 requests counted');
  }, 60_000);
});
