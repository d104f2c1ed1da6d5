import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import { PlanError } from '../../../src/plan/problems.ts';
import { load, PROMETHEUS, REQUIRED, sharedPlan } from './support.ts';

describe('a plan', () => {
  it('of a service, a version and a platform is whole', () => {
    const { plan, warnings } = load('');
    expect(warnings).toEqual([]);
    expect(plan).toEqual({
      plan_version: 1,
      service: 'checkout',
      environment: 'production',
      target: null,
      version: '2.4.1',
      platform: { kind: 'local', url: null, command: [], cwd: null, env: {} },
      router: { kind: 'local', url: null },
      metrics: {
        kind: 'scrape',
        config: {},
        queries: {},
        resolution_ms: 1_000,
        window_ms: 10_000,
        consecutive: 2,
        min_observations: 20,
        on_no_data: 'hold',
        no_data_limit_ms: 60_000,
        settle_ms: 5_000,
        coverage_percent: 95,
        max_gap_ms: 10_000,
      },
      capacity: { validation_percent: 100, switch_percent: 100 },
      require_parity: false,
      checks: {},
      circuit_break: null,
      hooks: { before_switch: [], after_switch: [], on_rollback: [], before_cleanup: [] },
      notifiers: [],
      rollback_safe_until: null,
      phases: {
        warmup: null,
        health_check: null,
        performance_validation: null,
        decision_window: {
          duration_ms: 30_000,
          traffic_percentage: 100,
          success_criteria: [],
          rollback_triggers: [
            {
              kind: 'metric',
              source: 'error_rate > 1',
              metric: 'error_rate',
              op: '>',
              expr: { kind: 'constant', value: 1 },
            },
          ],
        },
      },
      smoke: null,
      approval: null,
      switch: {
        strategy: 'instant',
        steps: [{ share: 100, duration_ms: 0, success_criteria: [] }],
        deadline_ms: 30_000,
        drain_ms: 30_000,
      },
      observation: {
        duration_ms: 3_600_000,
        rollback_triggers: [expect.objectContaining({ source: 'error_rate > 1' })],
      },
      lease: { duration_ms: 86_400_000, shrink_to_percent: null },
      keep_failed_ms: 900_000,
      provision_timeout_ms: 600_000,
    });
  });

  it('survives JSON unchanged', () => {
    const { plan } = loadPlan([sharedPlan('checkout.yaml')]);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('keeps a version as it was written', () => {
    expect(load('version: 1.10', ['service=a', 'platform=local']).plan.version).toBe('1.10');
    expect(load('', [...REQUIRED, 'version=2.0']).plan.version).toBe('2.0');
    expect(load('', [...REQUIRED, 'version=20251121']).plan.version).toBe('20251121');
  });

  it('lends its triggers at 100 % to every phase that names none', () => {
    const { plan } = load(
      'blue_green_switch:\n  validation_phases:\n    warmup: {}\n    health_check: {rollback_triggers: []}\n    full_switch: {rollback_triggers: ["error_rate > 3"]}',
    );
    const sources = [plan.phases.warmup, plan.phases.health_check, plan.phases.decision_window, plan.observation].map(
      (phase) => phase?.rollback_triggers.map(({ source }) => source),
    );
    expect(sources).toEqual([['error_rate > 3'], [], ['error_rate > 3'], ['error_rate > 3']]);
  });

  it('fills a phase without settings, by what the router can do', () => {
    const phases = 'blue_green_switch: {validation_phases: {health_check: , performance_validation: {}}}';
    expect(load(phases).plan.phases).toMatchObject({
      health_check: null,
      performance_validation: { duration_ms: 300_000, traffic_percentage: 10 },
    });
    const selector = load(`${phases}\n${PROMETHEUS}`, [...REQUIRED, 'router={service_selector: {service: a}}']);
    expect(selector.plan.phases.performance_validation?.traffic_percentage).toBe(0);
  });

  it.each([
    ['instant', [[100, 0]]],
    [
      'gradual',
      [
        [25, 300_000],
        [50, 300_000],
        [100, 0],
      ],
    ],
    [
      'validation',
      [
        [1, 300_000],
        [100, 0],
      ],
    ],
  ])('switches %s by default in steps', (strategy, steps) => {
    const { plan } = load('', [...REQUIRED, `switch.strategy=${strategy}`]);
    expect(plan.switch.steps.map(({ share, duration_ms }) => [share, duration_ms])).toEqual(steps);
  });

  it('reads steps in every form', () => {
    const { plan } = load(
      'switch: {strategy: gradual, step_duration: 1m, steps: [5, 12.5%, {share: 50%, duration: 2m, success_criteria: ["error_rate < 1"]}, 100]}',
    );
    expect(plan.switch.steps).toMatchObject([
      { share: 5, duration_ms: 60_000 },
      { share: 12.5, duration_ms: 60_000 },
      { share: 50, duration_ms: 120_000, success_criteria: [{ source: 'error_rate < 1' }] },
      { share: 100, duration_ms: 0 },
    ]);
  });

  it('lets the router be where the platform is', () => {
    const { plan } = load(
      'platform: {local: {url: "http://127.0.0.1:9000", command: [node, app.mjs, 8], env: {DEBUG: true, N: 010}}}',
      REQUIRED.slice(0, 2),
    );
    expect(plan.platform).toEqual({
      kind: 'local',
      url: 'http://127.0.0.1:9000',
      command: ['node', 'app.mjs', '8'],
      cwd: null,
      env: { DEBUG: 'true', N: '010' },
    });
    expect(plan.router).toEqual({ kind: 'local', url: 'http://127.0.0.1:9000' });
  });

  it('lets what follows from a setting follow it', () => {
    const phases =
      'blue_green_switch: {validation_phases: {warmup: {duration: 2s, success_criteria: [cache_preloaded]}}}';
    expect(load(phases).plan.metrics.settle_ms).toBe(2_000);
    expect(load(phases, [...REQUIRED, 'metrics.settle=3s']).plan.metrics.settle_ms).toBe(3_000);
    expect(load('metrics: {resolution: 20s}').plan.metrics).toMatchObject({ window_ms: 20_000, max_gap_ms: 40_000 });
    expect(
      load('metrics: {resolution: 5s, web: {url: "http://s:1", queries: {error_rate: $.a}}}').plan.metrics,
    ).toMatchObject({
      max_gap_ms: 10_000,
    });
    expect(load('smoke: {max_response_time: 9s}').plan.smoke).toMatchObject({
      max_response_time_ms: 9_000,
      timeout_ms: 10_000,
    });
  });

  it('means nothing by a key without a value', () => {
    expect(load('lease:\nobservation: {duration: }\nplatform: {local: }', REQUIRED.slice(0, 2)).plan).toEqual(
      load('').plan,
    );
  });
});

describe('the shared plans', () => {
  it('linkedin.yaml is accepted verbatim with service, version and platform from --set', () => {
    const { plan, warnings } = loadPlan([sharedPlan('linkedin.yaml')], REQUIRED);
    expect(plan.phases).toMatchObject({
      warmup: {
        duration_ms: 180_000,
        traffic_percentage: 0,
        success_criteria: [{ check: 'jvm_warmup_complete' }, {}, {}],
      },
      health_check: { duration_ms: 120_000, traffic_percentage: 1, success_criteria: [{}, {}, { kind: 'check' }] },
      performance_validation: { duration_ms: 300_000, traffic_percentage: 10 },
      decision_window: {
        duration_ms: 30_000,
        rollback_triggers: [{}, { source: 'p99_latency > baseline + 50ms' }, {}],
      },
    });
    expect(warnings).toMatchObject([{ code: 'CUTOVER_PLAN_DOUBTFUL', line: 33, column: 11 }]);
  });

  it('checkout.yaml is accepted without a warning', () => {
    const { plan, warnings } = loadPlan([sharedPlan('checkout.yaml')]);
    expect(warnings).toEqual([]);
    expect(plan).toMatchObject({
      platform: { kind: 'kubernetes', namespace: 'shop' },
      router: { kind: 'gateway_api', route: 'checkout' },
      metrics: {
        kind: 'prometheus',
        config: { url: 'http://prometheus.monitoring:9090', exporter: 'node', ingestion_delay_ms: 1_000 },
        queries: { business_metric: expect.stringContaining('orders_total') },
      },
      capacity: { validation_percent: 20, switch_percent: 100 },
      smoke: {
        database: { path: '/api/v1/health/database', max_response_ms: 1_000 },
        dependencies: { path: '/api/v1/health/dependencies' },
        security_headers: { 'X-Content-Type-Options': ['nosniff'], 'X-Frame-Options': ['DENY', 'SAMEORIGIN'] },
        flows: [
          {
            name: 'order',
            steps: [
              {
                method: 'POST',
                path: '/auth/login',
                headers: {},
                json: { username: 'smoke', password: { env: 'SMOKE_PASSWORD' } },
                status: 200,
                timeout_ms: 5_000,
                capture: { token: '$.token' },
              },
              { method: 'GET', headers: { Authorization: 'Bearer {{token}}' }, json: null },
              { method: 'POST', status: 201, capture: { order: '$.orderId' } },
            ],
          },
        ],
      },
      approval: { required: 2, timeout_ms: 3_600_000 },
      observation: { duration_ms: 14_400_000, rollback_triggers: [{}, {}, { source: 'availability < 99' }] },
    });
  });
});

describe('the smoke suite', () => {
  const smokeOf = (text: string) => load(`smoke: ${text}`).plan.smoke;

  it('takes header values as they are written, and `true` for any', () => {
    expect(smokeOf('{security_headers: {X-XSS-Protection: 0, Vary: true, A: [1, b]}}')?.security_headers).toEqual({
      'X-XSS-Protection': ['0'],
      Vary: null,
      A: ['1', 'b'],
    });
    const flows = '[{name: a, steps: [{get: /, headers: {X-Version: 1.10, X-Flag: true, X-Key: {env: SMOKE_KEY}}}]}]';
    expect(smokeOf(`{flows: ${flows}}`)?.flows[0]?.steps[0]?.headers).toEqual({
      'X-Version': '1.10',
      'X-Flag': 'true',
      'X-Key': { env: 'SMOKE_KEY' },
    });
  });

  it('gives steps the time of the suite, which follows the longest bound', () => {
    const steps = '[{get: /a}, {head: /b, timeout: 9s}, {put: /c}, {patch: /d}, {delete: /e}]';
    const smoke = smokeOf(`{database: {path: /db, max_response_ms: 20000}, flows: [{name: a, steps: ${steps}}]}`);
    expect(smoke?.timeout_ms).toBe(21_000);
    expect(smoke?.flows[0]?.steps.map(({ method, path, timeout_ms }) => `${method} ${path} ${timeout_ms}`)).toEqual([
      'GET /a 21000',
      'HEAD /b 9000',
      'PUT /c 21000',
      'PATCH /d 21000',
      'DELETE /e 21000',
    ]);
  });
});

describe('doubts', () => {
  const criterion = (text: string) => `observation: {rollback_triggers: ["${text}"]}`;
  const warmup = (text: string) => `blue_green_switch: {validation_phases: {warmup: {success_criteria: ["${text}"]}}}`;
  it.each([
    ['a latency without a unit', criterion('p99_latency > 2'), 'milliseconds'],
    ['a fraction for a percentage', criterion('availability < 0.99'), 'percent'],
    ['a business metric of nobody', criterion('business_metric_drop > 2'), 'business_metric_total'],
    [
      'a secret that workers do not give by themselves',
      'smoke: {flows: [{name: a, steps: [{post: /, json: {key: {env: API_KEY}}}]}]}',
      'CUTOVER_SMOKE_ENV',
    ],
    ['a misspelt check', warmup('cache_preload'), 'cache_preload'],
    ['a check spelt almost like a metric', warmup('eror_rate'), 'eror_rate'],
    ['a metric without traffic', warmup('error_rate < 1'), '0 % of the traffic'],
    [
      'a phase too short for a trigger',
      'blue_green_switch: {validation_phases: {full_switch: {duration: 1s}}}',
      'no trigger can fire',
    ],
    [
      'a switch that nothing watches',
      'blue_green_switch: {validation_phases: {full_switch: {rollback_triggers: []}}}',
      'by itself',
    ],
    [
      'a deadline that Route 53 may not keep',
      'router: {route53: {zone: z, record: a}}\nswitch: {deadline: 90s}\nmetrics: {prometheus: {url: "http://p:9090"}}',
      'answers live another 1m',
    ],
    ['steps that are not used', 'switch: {strategy: instant, steps: [25, 100]}', 'does not use'],
    [
      'a step that changes nothing',
      'blue_green_switch: {validation_phases: {performance_validation: {}}}\nswitch: {strategy: gradual, steps: [10, 100]}',
      'skipped',
    ],
  ])('%s is told, and not refused', (_title, text, message) => {
    expect(load(text).warnings).toMatchObject([
      { code: 'CUTOVER_PLAN_DOUBTFUL', severity: 'warning', message: expect.stringContaining(message) },
    ]);
  });

  it.each([
    [
      'a check that nothing names',
      'checks: {queue_drained: {http: {path: /q}}}',
      'No criterion names',
      'success_criteria',
    ],
    [
      'a check that a criterion misspells',
      `checks: {queue_drained: {http: {path: /q}}}\n${warmup('que_drained')}`,
      'No criterion names',
      '`que_drained`',
    ],
    [
      'a time limit of a metric',
      `checks: {a: {metric: "error_rate < 1", timeout: 5s}}\n${warmup('a')}`,
      'without a time limit',
      'Leave it out',
    ],
    [
      'a latency without a unit, within a check',
      `checks: {a: {metric: "p99_latency < 2"}}\n${warmup('a')}`,
      'milliseconds',
      'ms or s',
    ],
    [
      'a secret of a check',
      `checks: {a: {http: {path: /q, headers: {env: {env: API_KEY}}}}}\n${warmup('a')}`,
      '`API_KEY`',
      'SMOKE_',
    ],
    [
      'a secret of a script',
      `checks: {a: {script: {command: [x], env: {DB: {env: DB_URL}}}}}\n${warmup('a')}`,
      '`DB_URL`',
      'SMOKE_',
    ],
    [
      'a secret in the body of a hook',
      'hooks: {on_rollback: [{name: a, http: {post: "http://a", json: {deep: [{env: API_KEY}]}}}]}',
      '`API_KEY`',
      'SMOKE_',
    ],
    [
      'a secret of a webhook',
      'notifiers: [{webhook: {url: "http://a", secret: {env: CUTOVER_KEY}}}]',
      '`CUTOVER_KEY`',
      'SMOKE_',
    ],
    ['a circuit without traffic', 'circuit_break: {}', 'no traffic before the switch', 'share'],
    ['a lease of nothing', 'lease: {shrink_to: 0}', 'No instance is kept', '10%'],
    [
      'a safe time beyond the end',
      'rollback_safe_until: 3h\nobservation: {duration: 1h}\nlease: {duration: 1h}',
      '2h30s after',
      'lease',
    ],
    ['a validation of nothing', 'switch: {strategy: validation}', 'neither', 'success_criteria'],
  ])('%s is told, with what would be right', (_title, text, message, hint) => {
    const problem = { message: expect.stringContaining(message), hint: expect.stringContaining(hint) };
    const { warnings } = load(text);
    expect(warnings).toContainEqual(expect.objectContaining({ code: 'CUTOVER_PLAN_DOUBTFUL', ...problem }));
    // A misspelling is seen from both its sides.
    expect(warnings).toHaveLength(text.includes('que_drained"') ? 2 : 1);
  });

  it.each([
    ['a circuit with traffic', 'circuit_break: {}\nblue_green_switch: {validation_phases: {health_check: {}}}'],
    ['a lease that is left out', 'lease: {duration: 0s, shrink_to: 0}'],
    ['a safe time before the end', 'rollback_safe_until: 2h'],
    ['a validation by the smoke suite', 'switch: {strategy: validation}\nsmoke: {}'],
    [
      'a validation below the share of a phase',
      'switch: {strategy: validation}\nblue_green_switch: {validation_phases: {performance_validation: {success_criteria: ["error_rate < 1"]}}}',
    ],
    ['a check that is named', `checks: {a: {http: {path: /q}}}\n${warmup('a')}`],
  ])('%s is fine', (_title, text) => {
    expect(load(text).warnings).toEqual([]);
  });

  it.each([
    ['hold', 'wait for it for 5m, and not pass'],
    ['rollback', 'will be rolled back'],
    ['ignore', 'will be ignored'],
  ])('a metric without traffic, with on_no_data %s, is told with what comes of it', (onNoData, message) => {
    const text = `metrics: {scrape: {}, on_no_data: ${onNoData}, no_data_limit: 5m}\n${warmup('error_rate < 1')}`;
    expect(load(text).warnings).toMatchObject([{ message: expect.stringContaining(message) }]);
  });

  it.each(['my_own_check', 'postgres', 'cache_preloaded'])('%s is a fine check', (check) => {
    expect(load(warmup(check)).warnings).toEqual([]);
  });

  it('accepts a metric that the plan defines', () => {
    const text = `metrics: {scrape: {queries: {queue_depth: gauge queue_depth max, business_metric: per_request orders_total}}}\n${criterion('queue_depth > 5')}`;
    expect(load(text).warnings).toEqual([]);
  });
});

describe('the error of a bad plan', () => {
  it('has the code, the problems, and the first of them in its message', () => {
    const attempt = () => load('swtich: {}\nlease: 5');
    expect(attempt).toThrow(PlanError);
    expect(attempt).toThrow(/^plan\.yaml:\d+:\d+: .* \(and 1 more\)$/);
  });
});
