import { request } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RouterAnswer, RouterView } from '../../../src/local/api.ts';
import { LocalClient } from '../../../src/local/client.ts';
import {
  foreignShift,
  get,
  runShop,
  SERVICE,
  SHOP_COMMAND,
  startWorkbench,
  untilReady,
  type Workbench,
} from './support.ts';

const BLUE = { blue: 100, green: 0 };
const GREEN = { blue: 0, green: 100 };
const ONE = { version: '1.0.0', replicas: 1 };

let bench: Workbench;
beforeAll(async () => {
  bench = await startWorkbench();
});
afterAll(() => bench?.close());

function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method, headers: { 'content-type': 'application/json', ...headers } };
  return fetch(bench.program.url + path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
}

async function router(): Promise<RouterView> {
  return bench.client.router(SERVICE);
}

describe('the router of a service', () => {
  const path = `/v1/services/${SERVICE}/router`;
  beforeEach(async () => {
    await bench.client.remove(SERVICE, true);
    await bench.client.define(SERVICE, { command: SHOP_COMMAND });
  });

  it('has its revision as ETag', async () => {
    const response = await call('GET', path);
    const state = (await response.json()) as RouterView;
    expect(response.headers.get('etag')).toBe(`"${state.revision}"`);
    expect(state).toMatchObject({ weights: BLUE, fence: null, in_flight: { blue: 0, green: 0 } });
  });

  it('refuses a write that does not name a revision with 428', async () => {
    const fence = { run: 'a', epoch: 1, step: 0 };
    const refused = [
      await call('PUT', path, { weights: GREEN }),
      await call('PUT', path, { weights: GREEN }, { 'if-match': 'unquoted' }),
      await call('PUT', path, { weights: GREEN, fence }, { 'if-match': '*' }),
      await call('POST', `${path}/claim`, { fence }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([428, 428, 428, 428]);
    expect((await router()).weights).toEqual(BLUE);
  });

  it('answers each kind of write with its own status, and the state after it', async () => {
    const { revision } = await router();
    const put = (fence: object, expected: string) =>
      call('PUT', path, { weights: GREEN, fence }, { 'if-match': `"${expected}"` });
    const claimed = await call(
      'POST',
      `${path}/claim`,
      { fence: { run: 'a', epoch: 1, step: 0 } },
      { 'if-match': `"${revision}"` },
    );
    const { state } = (await claimed.json()) as RouterAnswer;
    const responses = [
      await put({ run: 'a', epoch: 1, step: 2 }, state.revision),
      await put({ run: 'a', epoch: 1, step: 2 }, state.revision),
      await put({ run: 'a', epoch: 1, step: 1 }, state.revision),
      await put({ run: 'a', epoch: 1, step: 3 }, state.revision),
    ];
    const answers = (await Promise.all(responses.map((response) => response.json()))) as RouterAnswer[];
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 409, 412]);
    expect(answers.map(({ kind }) => kind)).toEqual(['written', 'already', 'superseded', 'conflict']);
    expect(new Set(answers.map((answer) => answer.state.revision)).size).toBe(1);
    expect(responses[3]?.headers.get('etag')).toBe(`"${answers[0]?.state.revision}"`);
  });

  it.each([
    ['weights that do not sum to 100', { weights: { blue: 50, green: 60 } }],
    ['a negative weight', { weights: { blue: 110, green: -10 } }],
    ['a colour that does not exist', { weights: { blue: 100, green: 0, red: 0 } }],
    ['a fence without a run', { weights: GREEN, fence: { run: '', epoch: 1, step: 0 } }],
    ['an epoch that is not whole', { weights: GREEN, fence: { run: 'a', epoch: 1.5, step: 0 } }],
  ])('refuses %s', async (_title, body) => {
    const response = await call('PUT', path, body, { 'if-match': '*' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'CUTOVER_USAGE' });
    expect((await router()).weights).toEqual(BLUE);
  });

  it('lets exactly one of many concurrent foreign writers win', async () => {
    const { revision } = await router();
    const writers = Array.from({ length: 20 }, (_, index) => ({ blue: index, green: 100 - index }));
    const answers = await Promise.all(writers.map((weights) => bench.client.shift(SERVICE, { weights }, revision)));
    expect(answers.filter(({ kind }) => kind === 'written')).toHaveLength(1);
    expect(answers.filter(({ kind }) => kind === 'conflict')).toHaveLength(19);
    const winner = answers.find(({ kind }) => kind === 'written');
    expect((await router()).weights).toEqual(winner?.state.weights);
  });

  it('lets one of many runs claim the epoch', async () => {
    const { revision } = await router();
    const runs = Array.from({ length: 20 }, (_, index) => ({ run: `run-${index}`, epoch: 1, step: 0 }));
    const answers = await Promise.all(runs.map((fence) => bench.client.claim(SERVICE, fence, revision)));
    expect(answers.filter(({ kind }) => kind === 'written')).toHaveLength(1);
    expect(answers.filter(({ kind }) => kind === 'superseded')).toHaveLength(19);
  });
});

describe('a service', () => {
  beforeEach(async () => {
    await bench.client.remove(SERVICE, true);
  });

  it('keeps its port and its instances when it is defined again', async () => {
    const before = await runShop(bench.client, { blue: ONE });
    const after = await bench.client.define(SERVICE, { command: SHOP_COMMAND, env: { OTHER: '1' } });
    expect(after.public_url).toBe(before.public_url);
    expect((await untilReady(bench.client)).colours.blue.instances).toEqual(before.colours.blue.instances);
  });

  it('moves to another public port without losing a request, and stays where it is when that is taken', async () => {
    const before = await runShop(bench.client, { blue: ONE });
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const taken = (holder.address() as { port: number }).port;
    const refused = bench.client.define(SERVICE, { ...before.definition, public_port: taken });
    await expect(refused).rejects.toMatchObject({ code: 'CUTOVER_PORT_TAKEN' });
    expect((await get(before.public_url)).status).toBe(200);
    await new Promise((resolve) => holder.close(resolve));
    const after = await bench.client.define(SERVICE, { ...before.definition, public_port: taken });
    expect(after.public_url).toBe(`http://127.0.0.1:${taken}`);
    expect((await get(after.public_url)).status).toBe(200);
  });

  it('keeps the definition a colour was deployed with until it is deployed anew', async () => {
    await runShop(bench.client, { blue: ONE, green: ONE });
    await bench.client.define(SERVICE, { command: ['/no/such/program'] });
    await bench.client.deploy(SERVICE, 'green', { ...ONE, replicas: 2 });
    const grown = await untilReady(bench.client);
    expect(grown.colours.green.ready).toBe(2);
    const broken = await bench.client.deploy(SERVICE, 'green', { ...ONE, refresh: true });
    expect(broken.ready).toBe(0);
    const untouched = await bench.client.deploy(SERVICE, 'blue', { ...ONE, refresh: true });
    expect(untouched.ready).toBe(1);
  });

  it('refuses to change or shrink a colour with traffic, and lets it grow', async () => {
    await runShop(bench.client, { blue: { ...ONE, replicas: 2 } });
    const deploy = (version: string, replicas: number) =>
      call('PUT', `/v1/services/${SERVICE}/colours/blue`, { version, replicas });
    const responses = [
      await deploy('2.0.0', 2),
      await deploy('1.0.0', 1),
      await deploy('1.0.0', 2),
      await deploy('1.0.0', 3),
    ];
    expect(responses.map(({ status }) => status)).toEqual([409, 409, 200, 200]);
    expect(await responses[0]?.json()).toMatchObject({ code: 'CUTOVER_COLOUR_HAS_TRAFFIC' });
    expect((await call('DELETE', `/v1/services/${SERVICE}`)).status).toBe(409);
    expect((await untilReady(bench.client)).colours.blue.ready).toBe(3);
    await foreignShift(bench.client, 0);
    expect((await deploy('2.0.0', 1)).status).toBe(200);
  });

  it('that does not exist is named with those that do', async () => {
    await bench.client.define(SERVICE, { command: SHOP_COMMAND });
    const response = await call('GET', '/v1/services/unknown');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      code: 'CUTOVER_SERVICE_UNKNOWN',
      message: 'no service unknown on the local platform; there are: shop',
    });
  });

  it.each([
    ['no command', SERVICE, {}],
    ['an empty command', SERVICE, { command: [] }],
    ['an unknown key', SERVICE, { command: ['x'], replicas: 1 }],
    ['a health path without a slash', SERVICE, { command: ['x'], health_path: 'health' }],
    ['a name that leaves the state directory', '..%2f..%2fetc', { command: ['x'] }],
  ])('is refused with %s', async (_title, name, body) => {
    expect((await call('PUT', `/v1/services/${name}`, body)).status).toBe(400);
  });

  it('says why an instance does not run, and tries again', async () => {
    await bench.client.define(SERVICE, { command: ['/no/such/program'] });
    await bench.client.deploy(SERVICE, 'blue', ONE);
    const reasons = new Set<string>();
    while (![...reasons].some((reason) => /ENOENT.*next start in/.test(reason))) {
      const { instances } = (await bench.client.service(SERVICE)).colours.blue;
      for (const { reason } of instances) if (reason !== null) reasons.add(reason);
    }
  });
});

describe('the metrics', () => {
  it('of all services are one text, told apart by label', async () => {
    await bench.client.remove(SERVICE, true);
    await runShop(bench.client, { blue: ONE });
    await bench.client.define('other', { command: SHOP_COMMAND });
    const text = await (await call('GET', '/metrics')).text();
    expect(text.match(/^# TYPE cutover_router_requests_total counter$/gm)).toHaveLength(1);
    expect(text).toContain('cutover_router_requests_total{service="shop",colour="blue",code="200"} 0');
    expect(text).toContain('cutover_router_requests_total{service="other",colour="green",code="200"} 0');
    expect(await bench.client.metrics(SERVICE)).not.toContain('other');
    await bench.client.remove('other', true);
  });

  it('tell of instances what the kernel knows', async () => {
    await bench.client.remove(SERVICE, true);
    await runShop(bench.client, { blue: ONE });
    await expect
      .poll(() => bench.client.metrics(SERVICE), { timeout: 20_000 })
      .toMatch(/^cutover_instance_cpu_percent\{.*\} \d/m);
    const text = await bench.client.metrics(SERVICE);
    expect(text).toMatch(
      /^cutover_instance_memory_percent\{service="shop",colour="blue",instance="blue-\d+"\} 0?\.?\d/m,
    );
    expect(text).toMatch(/^cutover_instance_ready\{service="shop",colour="blue",instance="blue-\d+"\} 1$/m);
    expect(text).toMatch(/^cutover_router_request_duration_seconds_bucket\{le="0\.001",.*\} \d+$/m);
  });
});

describe('the admin API', () => {
  it('serves no host but its own, so that no web page reaches it', async () => {
    const { port } = new URL(bench.program.url);
    const status = await new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/v1/services', headers: { host: `evil.example:${port}` } };
      const sent = request(options, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.once('error', reject);
      sent.end();
    });
    expect(status).toBe(421);
  });

  it('answers what it does not know, and what is not JSON, with an error of its own', async () => {
    expect(await (await call('GET', '/v2')).json()).toMatchObject({ code: 'CUTOVER_USAGE' });
    const broken = await fetch(`${bench.program.url}/v1/services/x`, { method: 'PUT', body: '{' });
    expect(broken.status).toBe(400);
  });
});

describe('the client', () => {
  it('tells what could not be reached, within its time', async () => {
    const client = new LocalClient({
      url: 'http://127.0.0.1:1',
      timeoutMs: 300,
      unreachable: 'CUTOVER_ROUTER_UNREACHABLE',
    });
    await expect(client.router(SERVICE)).rejects.toMatchObject({ code: 'CUTOVER_ROUTER_UNREACHABLE' });
  });

  it('gives up on a server that does not answer', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    const client = new LocalClient({ url: `http://127.0.0.1:${port}`, timeoutMs: 200 });
    await expect(client.health()).rejects.toMatchObject({ code: 'CUTOVER_PLATFORM_UNREACHABLE' });
    silent.close();
  });
});
