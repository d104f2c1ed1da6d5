import type { Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWatchActivities } from '../../../src/activities/watch-activities.ts';
import type { WatchHeartbeat, WatchInput } from '../../../src/activities/watch-types.ts';
import { createScrapeProvider } from '../../../src/adapters/metrics/scrape.ts';
import { createLogNotifier } from '../../../src/adapters/notifiers/log.ts';
import type { Adapters } from '../../../src/adapters/registry.ts';
import type { Convergence, RouterState, TrafficRouter } from '../../../src/adapters/types.ts';
import { CutoverError } from '../../../src/errors.ts';
import type { SmokePlan } from '../../../src/plan/types.ts';
import { type MetricsSource, startMetricsSource } from '../../support/metrics-source.ts';
import { criteria, watchInput } from '../../support/watch-world.ts';

let source: MetricsSource;
let state: RouterState;
let inFlight: Convergence['in_flight'];
let told: string[];
let traffic: NodeJS.Timeout | null;

const target = { ...watchInput({}).target, metrics: { resolution_ms: 250 } } as WatchInput['target'];

beforeEach(async () => {
  source = await startMetricsSource();
  const weights = { blue: 100, green: 0 };
  state = { weights, revision: '1', fence: null, fenced_revision: null, before: null };
  inFlight = { blue: 0, green: 0 };
  told = [];
  traffic = null;
});
afterEach(async () => {
  if (traffic !== null) clearInterval(traffic);
  await source.stop();
});

/** The router's answers are the test's; the contract suites try the real ones. */
const router: TrafficRouter = {
  read: async () => state,
  claim: async () => ({ kind: 'written', state }),
  shift: async () => ({ kind: 'written', state }),
  convergence: async (weights) => ({
    converged: state.weights.blue === weights.blue,
    in_flight: inFlight,
    detail: `blue has ${state.weights.blue} %`,
    state,
  }),
};

function activities(over: Partial<Adapters> = {}) {
  return createWatchActivities({
    secrets: () => undefined,
    adapters: {
      platform: () => source.platform,
      router: () => router,
      metrics: () =>
        createScrapeProvider({
          routerMetricsUrl: source.routerUrl,
          platform: source.platform,
          queries: {},
          resolutionMs: 250,
        }),
      notifiers: () => [createLogNotifier((line) => told.push(line))],
      ...over,
    },
  });
}

interface Environment {
  details: unknown[];
  cancel: MockActivityEnvironment['cancel'];
  do<T>(work: () => Promise<T>): Promise<T>;
}

/** A place that an activity runs in; `onDetail` sees its heartbeats. */
function environment(
  info: Partial<Info> = {},
  onDetail: (detail: unknown, env: Environment) => void = () => {},
): Environment {
  const mock = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
  const env: Environment = {
    details: [],
    cancel: (reason, details) => mock.cancel(reason, details),
    do: async <T>(work: () => Promise<T>) => (await mock.run(work)) as T,
  };
  mock.on('heartbeat', (detail) => {
    env.details.push(detail);
    onDetail(detail, env);
  });
  return env;
}

function trafficOf(colour: 'blue' | 'green'): void {
  traffic = setInterval(() => source.count(colour, 10), 20);
}

describe('the watcher as an activity', () => {
  const window = () => ({
    ...watchInput(
      { rollback_triggers: criteria('error_rate > 0.5') },
      { resolution_ms: 250, window_ms: 1_000, coverage_percent: 50 },
    ),
    target,
    started_at_ms: Date.now(),
    ends_at_ms: Date.now() + 1_500,
  });

  it('passes a window in real time, heartbeating state and live values', async () => {
    trafficOf('green');
    const env = environment();
    const result = await env.do(() => activities().watchWindow(window()));
    expect(result.verdict).toBe('passed');
    const last = env.details.at(-1) as WatchHeartbeat;
    expect(last.state.provider).not.toBeNull();
    expect(last.live.criteria[0]?.source).toBe('error_rate > 0.5');
  });

  it('answers a cancellation at once with its state', async () => {
    trafficOf('green');
    const env = environment();
    const running = env.do(() => activities().watchWindow({ ...window(), ends_at_ms: null }));
    setTimeout(() => env.cancel(), 300);
    expect((await running).verdict).toBe('replaced');
  });

  it('throws at a shutdown, so that another worker goes on', async () => {
    const env = environment();
    const running = env.do(() => activities().watchWindow({ ...window(), ends_at_ms: null }));
    setTimeout(() => env.cancel('WORKER_SHUTDOWN', { cancelRequested: false } as never), 200);
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
  });

  it('goes on from the details of its own earlier attempt', async () => {
    trafficOf('green');
    const started = Date.now() - 1_000;
    const earlier = {
      state: {
        last_tick_ms: started + 750,
        judged: 3,
        longest_gap_ms: 250,
        breaches: {},
        holding_since: {},
        no_data_since_ms: null,
        provider: null,
      },
    };
    const env = environment({ heartbeatDetails: earlier });
    const result = await env.do(() =>
      activities().watchWindow({
        ...window(),
        started_at_ms: started,
        ends_at_ms: started + 2_000,
      }),
    );
    expect(result.evidence?.coverage.judged).toBeGreaterThan(3);
  });

  it('fails for good when the metrics are misconfigured', async () => {
    const metrics = () => {
      throw new CutoverError('CUTOVER_ADAPTER_NOT_BUILT', 'no such provider');
    };
    const failed = environment().do(() => activities({ metrics }).watchWindow(window()));
    await expect(failed).rejects.toMatchObject({ type: 'CUTOVER_ADAPTER_NOT_BUILT', nonRetryable: true });
  });
});

describe('the baseline', () => {
  it('has what was measured over one window, and leaves out what has no data', async () => {
    trafficOf('blue');
    const input = {
      target,
      colour: 'blue' as const,
      metrics: ['p99_latency', 'business_metric_drop'],
      window_ms: 500,
      min_observations: 20,
    };
    const env = environment();
    const found = await env.do(() => activities().measureBaseline(input));
    expect(Object.keys(found)).toEqual(['p99_latency']);
    expect(found.p99_latency?.value).toBeGreaterThan(10);
    expect(found.p99_latency?.observations).toBeGreaterThanOrEqual(20);
    expect(env.details.length).toBeGreaterThan(1);
  }, 15_000);
});

describe('a wait', () => {
  it('for readiness tells which instance it waits for, and ends with the state', async () => {
    const one = source.addInstance('green-1', 'green');
    one.ready = false;
    setTimeout(() => {
      one.ready = true;
    }, 300);
    const env = environment();
    const input = { target, colour: 'green' as const, version: '2.0.0', size: 1 };
    expect(await env.do(() => activities().awaitReady(input))).toMatchObject({ ready: 1 });
    expect(env.details.join('\n')).toContain(
      'waiting for 1 ready instances of green 2.0.0: 0 of 1 ready (green-1: starting)',
    );
  });

  it('tolerates a read that fails, and says so', async () => {
    source.addInstance('green-1', 'green');
    let reads = 0;
    const platform = () => ({
      ...source.platform,
      inspect: async (...args: Parameters<typeof source.platform.inspect>) => {
        reads += 1;
        if (reads < 3) throw new CutoverError('CUTOVER_PLATFORM_UNREACHABLE', 'the platform does not answer');
        return source.platform.inspect(...args);
      },
    });
    const env = environment();
    const input = { target, colour: 'green' as const, version: null, size: 1 };
    expect(await env.do(() => activities({ platform }).awaitReady(input))).toMatchObject({ ready: 1 });
    expect(env.details.join('\n')).toContain('cannot be read now: the platform does not answer');
  });

  it('does not wait for what only a person can mend', async () => {
    const platform = () => ({
      ...source.platform,
      inspect: async () => {
        throw new CutoverError('CUTOVER_NOT_FOUND', 'no such service');
      },
    });
    const input = { target, colour: 'green' as const, version: null, size: 1 };
    const failed = environment().do(() => activities({ platform }).awaitReady(input));
    await expect(failed).rejects.toMatchObject({ type: 'CUTOVER_NOT_FOUND', nonRetryable: true });
  });

  it('ends at once when it is cancelled, even though a read hangs', async () => {
    const platform = () => ({ ...source.platform, inspect: () => new Promise<never>(() => {}) });
    const env = environment();
    const waiting = env.do(() =>
      activities({ platform }).awaitReady({ target, colour: 'green', version: null, size: 1 }),
    );
    setTimeout(() => env.cancel(), 100);
    await expect(waiting).rejects.toMatchObject({ name: 'CancelledFailure' });
  });

  it('for convergence ends when the router holds the weights, and when it holds others than before', async () => {
    expect(
      (await environment().do(() => activities().awaitConverged({ target, weights: { blue: 100, green: 0 } })))
        .revision,
    ).toBe('1');
    expect(
      (await environment().do(() => activities().awaitConverged({ target, weights: { blue: 0, green: 100 } }))).weights
        .blue,
    ).toBe(100);
  });

  it('for draining ends with nothing in flight, or tells at the deadline how many are left', async () => {
    inFlight = { blue: 3, green: 0 };
    setTimeout(() => {
      inFlight = { blue: 0, green: 0 };
    }, 200);
    const drain = (ms: number) =>
      environment().do(() =>
        activities().awaitDrained({
          target,
          colour: 'blue' as const,
          deadline_ms: Date.now() + ms,
        }),
      );
    expect(await drain(10_000)).toEqual({ left: 0 });
    inFlight = { blue: 2, green: 0 };
    expect(await drain(200)).toEqual({ left: 2 });
    inFlight = null;
    expect(await drain(200)).toEqual({ left: null });
  });

  it('for a kept colour ends when it is short twice in a row', async () => {
    const one = source.addInstance('blue-1', 'blue');
    setTimeout(() => {
      one.ready = false;
    }, 200);
    const kept = await environment().do(() => activities().watchKept({ target, colour: 'blue', size: 1 }));
    expect(kept.ready).toBe(0);
  }, 15_000);
});

describe('the proof that no traffic comes', () => {
  it('names weight, requests in flight and requests counted', async () => {
    const { proof } = await environment().do(() => activities().proveNoTraffic({ target, colour: 'green' }));
    expect(proof).toMatch(/^green: weight 0 %, 0 requests in flight, 0 requests counted in \d+\.\d s$/);
  }, 15_000);

  it.each([
    ['it has a share', () => Object.assign(state, { weights: { blue: 50, green: 50 } }), '50 % of the traffic'],
    ['a request is in flight', () => Object.assign(inFlight ?? {}, { green: 1 }), '1 requests in flight'],
    ['requests are still counted', () => trafficOf('green'), 'requests per second'],
    [
      'its requests cannot be counted',
      () => Object.assign(source, { mode: 'broken' }),
      "router's metrics cannot be read",
    ],
  ])(
    'is not given while %s',
    async (_name, harm, seen) => {
      harm();
      const env = environment({}, (detail, { cancel }) => {
        if (String(detail).includes(seen)) cancel();
      });
      const proving = env.do(() => activities().proveNoTraffic({ target, colour: 'green' }));
      await expect(proving).rejects.toMatchObject({ name: 'CancelledFailure' });
      expect(env.details.join('\n')).toContain(seen);
    },
    15_000,
  );
});

describe('the smoke suite', () => {
  const smoke: SmokePlan = {
    health: { path: '/health', required_fields: ['status', 'timestamp'], expect: { status: 'healthy' } },
    endpoints: [{ path: '/users', method: 'GET', status: 200 }],
    max_response_time_ms: 2_000,
    timeout_ms: 500,
    database: null,
    dependencies: null,
    flows: [],
    security_headers: {},
  };
  const run = () => environment().do(() => activities().runSmoke({ target, colour: 'green', version: '2.0.0', smoke }));
  const healthy = { status: 'healthy', timestamp: 1, version: '2.0.0' };

  beforeEach(() => {
    source.endpoints = { '/users': 200 };
    for (const id of ['green-1', 'green-2']) source.addInstance(id, 'green').health = healthy;
  });

  it('passes with one line per check over all instances', async () => {
    const { ok, checks } = await run();
    expect(ok).toBe(true);
    expect(checks.map(({ name }) => name)).toEqual([
      'GET /health',
      'health has status',
      'health has timestamp',
      'health: status is "healthy"',
      'health: version is "2.0.0"',
      'GET /users → 200',
    ]);
  });

  it.each([
    ['another version', { health: { ...healthy, version: '1.9.9' } }, 'green-2: it is "1.9.9"'],
    ['a field missing', { health: { status: 'healthy', version: '2.0.0' } }, 'green-2: it is missing'],
    ['no JSON', { health: 'fine' }, 'no JSON object'],
    ['a hanging instance', { mode: 'hang' as const }, 'no answer within 500 ms'],
  ])('fails on %s of one instance, and names it', async (_name, harm, note) => {
    Object.assign(source.instances[1] ?? {}, harm);
    const { ok, checks } = await run();
    expect(ok).toBe(false);
    expect(
      checks
        .filter((check) => !check.ok)
        .map((check) => check.note)
        .join('\n'),
    ).toContain(note);
  });

  it('fails on an endpoint with another status', async () => {
    source.endpoints = { '/users': 500 };
    expect((await run()).checks.at(-1)).toMatchObject({
      ok: false,
      note: 'green-1: answered 500; green-2: answered 500',
    });
  });

  it('fails when nothing is ready', async () => {
    for (const instance of source.instances) instance.ready = false;
    expect(await run()).toMatchObject({ ok: false, checks: [{ name: 'instances' }] });
  });
});

describe('a notification', () => {
  it('is told once, whoever tries it again', async () => {
    const event = {
      id: `event ${Math.random()}`,
      at: '',
      severity: 'info' as const,
      deployment: 'd',
      title: 't',
      detail: '',
    };
    for (let attempt = 0; attempt < 2; attempt += 1) await environment().do(() => activities().notify(event, target));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? '')).toMatchObject({ level: 'info', msg: 't', event: { id: event.id } });
  });
});
