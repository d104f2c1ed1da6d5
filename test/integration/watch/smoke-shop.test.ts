/** The smoke suite of checkout.yaml against the example shop, as real processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import type { SmokePlan } from '../../../src/plan/types.ts';
import { freePort } from '../../support/ports.ts';
import { sharedPlan } from '../../unit/plan/support.ts';
import { SHOP_COMMAND, until } from '../local/support.ts';
import { notesOf, PASSWORD, runOn, VERSION } from './smoke-support.ts';

const BUILT = ['platform=local', 'router=local', 'metrics=scrape', 'require_parity=', 'lease.shrink_to='];

/** The suite of checkout.yaml, apart from `changes`, with limits that a busy machine keeps. */
function checkoutSuite(...changes: string[]): SmokePlan {
  const limits = ['smoke.max_response_time=10s', 'smoke.database.max_response_ms=10000'];
  const { plan } = loadPlan([sharedPlan('checkout.yaml')], [...BUILT, ...limits, ...changes]);
  expect(checkNormalisedPlan(plan)).toEqual([]);
  if (plan.smoke === null) throw new Error('the plan has no suite');
  return plan.smoke;
}

const shops: ChildProcess[] = [];
const shopUrls = new Map<string, string>();

/** A shop with these faults; each is started once. */
async function shop(fault: Record<string, unknown> = {}): Promise<string> {
  const key = JSON.stringify(fault);
  const known = shopUrls.get(key);
  if (known !== undefined) return known;
  const [program = '', ...args] = SHOP_COMMAND;
  const port = await freePort();
  const env = { PORT: String(port), VERSION, LOGIN_PASSWORD: PASSWORD, FAULTS: JSON.stringify({ [VERSION]: fault }) };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  shops.push(child);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => said.includes('listening'), 'the shop to listen');
  const url = `http://127.0.0.1:${port}`;
  shopUrls.set(key, url);
  return url;
}

afterAll(async () => {
  for (const child of shops) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

describe('the suite of checkout.yaml at the example shop', () => {
  it('passes: one line per check over all instances, the flow on one of them', async () => {
    const urls = [await shop(), await shop({ database_ms: 1 })];
    const run = await runOn(urls, checkoutSuite());
    expect(notesOf(run)).toEqual([]);
    expect(run.result.checks.map(({ name }) => name)).toEqual([
      'GET /health',
      'health has status',
      'health has timestamp',
      'health has version',
      'health: status is "healthy"',
      'health: version is "2.4.1"',
      'GET /api/v1/users → 200',
      'GET /api/v1/orders → 401',
      'database /api/v1/health/database',
      'dependencies /api/v1/health/dependencies',
      'header X-Content-Type-Options: nosniff',
      'header X-Frame-Options: DENY or SAMEORIGIN',
      'flow order',
    ]);
  });

  it('carries values on: an order is placed once however often the suite is tried, and read back by its number', async () => {
    const url = await shop({ no_frame_options: false });
    const step = '{get: "/api/orders?id={{order}}", headers: {Authorization: "Bearer {{token}}"}, status: 200}';
    const suite = checkoutSuite();
    const { plan } = loadPlan([
      {
        name: 'p',
        text: `service: a\nversion: "1"\nplatform: local\nsmoke: {flows: [{name: a, steps: [{get: /, capture: {order: $.a, token: $.b}}, ${step}]}]}`,
      },
    ]);
    suite.flows[0]?.steps.push(...(plan.smoke?.flows[0]?.steps.slice(1) ?? []));
    expect(suite.flows[0]?.steps).toHaveLength(4);
    for (let attempt = 0; attempt < 2; attempt += 1) expect(notesOf(await runOn([url], suite))).toEqual([]);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('orders_total 1\n');
  });

  it.each<[string, Record<string, unknown>, string[], string[]]>([
    [
      'a dependency that is down, by its name',
      { dependency_down: 'payments' },
      [],
      ['dependencies /api/v1/health/dependencies: green-1: payments is "down"'],
    ],
    [
      'a missing security header',
      { no_frame_options: true },
      [],
      ['header X-Frame-Options: DENY or SAMEORIGIN: green-1: GET /api/v1/users has none'],
    ],
    [
      'another value of a security header',
      {},
      ['smoke.security_headers={X-Content-Type-Options: none, X-Frame-Options: [SAMEORIGIN]}'],
      [
        'header X-Content-Type-Options: none: green-1: GET /api/v1/users has "nosniff"',
        'header X-Frame-Options: SAMEORIGIN: green-1: GET /api/v1/users has "DENY"',
      ],
    ],
    [
      'a page that is not there',
      {},
      ['smoke.database.path=/nowhere'],
      ['database /nowhere: green-1: expected 2xx, answered 404'],
    ],
    [
      'an order that the shop refuses',
      {},
      [
        'smoke.flows=[{name: order, steps: [{post: /auth/login, json: {username: smoke, password: {env: SMOKE_PASSWORD}}, capture: {token: $.token}}, {post: /api/orders, headers: {Authorization: "Bearer {{token}}"}, json: {item: smoke}, status: 201}]}]',
      ],
      ['flow order: green-1: step 2 of 2, POST /api/orders: expected 201, answered 400'],
    ],
    [
      'a field to capture that is not there',
      {},
      ['smoke.flows=[{name: users, steps: [{get: /api/v1/users, capture: {id: "$[5].id"}}, {get: "/users/{{id}}"}]}]'],
      ['flow users: green-1: step 1 of 2, GET /api/v1/users: expected a value at $[5].id for {{id}}, found nothing'],
    ],
  ])('fails on %s', async (_title, fault, changes, notes) => {
    expect(notesOf(await runOn([await shop(fault)], checkoutSuite(...changes)))).toEqual(notes);
  });

  it('fails on a database that is slower than allowed', async () => {
    const [note] = notesOf(
      await runOn([await shop({ database_ms: 300 })], checkoutSuite('smoke.database.max_response_ms=200')),
    );
    expect(note).toMatch(/^database .*: green-1: took \d+ ms, at most 200 ms are allowed$/);
  });

  it('fails on every page that is slower than allowed, flows too', async () => {
    const run = await runOn([await shop({ latency_ms: 50 })], checkoutSuite('smoke.max_response_time=20ms'));
    const slow = notesOf(run).filter((note) => /took \d+ ms, at most 20 ms are allowed/.test(note));
    expect(slow.join('\n')).toContain('GET /api/v1/users');
    expect(slow.join('\n')).toContain('flow order: green-1: step 1 of 3, POST /auth/login');
  });

  it('fails on an error of the application in the middle of a flow, and goes no further', async () => {
    const steps = Array.from({ length: 5 }, () => '{get: /}').join(', ');
    const suite = checkoutSuite(
      `smoke.flows=[{name: home, steps: [${steps}]}]`,
      'smoke.endpoints=',
      'smoke.database=',
      'smoke.dependencies=',
    );
    const run = await runOn([await shop({ errors_after_requests: 2 })], suite);
    expect(notesOf(run)).toEqual(['flow home: green-1: step 3 of 5, GET /: expected 2xx, answered 500']);
  });
});

describe('a secret', () => {
  it('that is wrong fails the log-in, and is told nowhere', async () => {
    const run = await runOn([await shop()], checkoutSuite(), { secrets: { SMOKE_PASSWORD: 'wrong-and-secret' } });
    expect(notesOf(run)).toEqual(['flow order: green-1: step 1 of 3, POST /auth/login: expected 200, answered 401']);
    expect(run.written).not.toContain('wrong-and-secret');
  });

  it.each([{}, { SMOKE_PASSWORD: '' }])('that the worker does not give fails its step: %j', async (secrets) => {
    const [note] = notesOf(await runOn([await shop()], checkoutSuite(), { secrets }));
    expect(note).toMatch(/step 1 of 3, POST \/auth\/login: the worker gives no value for SMOKE_PASSWORD/);
  });
});

it('a suite that an earlier version normalised still runs', async () => {
  const { health, endpoints, max_response_time_ms, timeout_ms } = checkoutSuite();
  const old = { health, endpoints, max_response_time_ms, timeout_ms, unbuilt: [] } as unknown as SmokePlan;
  expect((await runOn([await shop()], old)).result).toMatchObject({ ok: true });
});

it('an instance that is gone is told of, and does not keep the flows from another', async () => {
  const run = await runOn([await shop(), `http://127.0.0.1:${await freePort()}`], checkoutSuite());
  expect(notesOf(run)).toContain('GET /health: green-2: the connection was refused');
  expect(run.result.checks.at(-1)).toMatchObject({ name: 'flow order', ok: true });
});
