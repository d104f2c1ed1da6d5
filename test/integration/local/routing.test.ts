import { randomBytes } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  counted,
  foreignShift,
  get,
  residentBytes,
  runShop,
  SERVICE,
  startWorkbench,
  until,
  untilReady,
  type Workbench,
} from './support.ts';

const AWKWARD = [process.execPath, fileURLToPath(new URL('./apps/awkward.mjs', import.meta.url))];
const ONE = { version: '1.0.0', replicas: 1 };

let bench: Workbench;
let url: string;
beforeAll(async () => {
  bench = await startWorkbench();
});
afterAll(() => bench?.close());

describe('the router in front of the shop', () => {
  beforeAll(async () => {
    await bench.client.remove(SERVICE, true);
    const view = await runShop(bench.client, { blue: { ...ONE, replicas: 2 }, green: { ...ONE, version: '2.0.0' } });
    url = view.public_url;
  });

  it('sends exactly 100 of 1000 requests to a colour with 10 %, evenly, and takes turns among instances', async () => {
    await foreignShift(bench.client, 90);
    const answers = [];
    for (let sent = 0; sent < 1_000; sent += 1) answers.push(await get(url));
    expect(answers.filter(({ colour }) => colour === 'green')).toHaveLength(100);
    expect(answers.findIndex(({ colour }) => colour === 'green')).toBe(9);
    const blue = answers.filter(({ colour }) => colour === 'blue').map(({ instance }) => instance);
    const [first, second] = [...new Set(blue)].map((id) => blue.filter((one) => one === id).length);
    expect(Math.abs((first ?? 0) - (second ?? 0))).toBeLessThan(10);
    await foreignShift(bench.client, 100);
  });

  it('reaches a colour at 0 % by header, apart from the production counters', async () => {
    const production = await counted(bench.client, 'green', 200);
    const answer = await get(url, { 'X-Cutover-Colour': 'green' });
    expect(answer).toMatchObject({ status: 200, colour: 'green', version: '2.0.0' });
    expect(await counted(bench.client, 'green', 200)).toBe(production);
    expect(await counted(bench.client, 'green', 200, 'cutover_router_header_requests_total')).toBeGreaterThan(0);
    expect((await get(url, { 'X-Cutover-Colour': 'red' })).status).toBe(400);
  });

  it('keeps the connection of a client open', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number>();
    for (let sent = 0; sent < 20; sent += 1) ports.add(await localPortOf(agent, url));
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  it('streams bodies both ways while they are still being sent', async () => {
    const sent = randomBytes(64 * 1024);
    let received = 0;
    let receivedBeforeEnd = 0;
    const rounds = 64;
    async function* body() {
      for (let round = 0; round < rounds; round += 1) {
        yield sent;
        // The echo of what was sent must arrive although the request has not ended.
        await until(() => received >= (round + 1) * sent.length, 'the echo of a chunk');
      }
      receivedBeforeEnd = received;
    }
    const response = await fetchStreaming(`${url}/echo`, body());
    for await (const chunk of response) received += (chunk as Buffer).length;
    expect(received).toBe(rounds * sent.length);
    expect(receivedBeforeEnd).toBe(rounds * sent.length);
  });

  it('passes large answers on without keeping them in memory', async () => {
    const before = residentBytes(bench.program.pid);
    const bytes = 200_000_000;
    let received = 0;
    const response = await fetch(`${url}/stream?bytes=${bytes}`);
    let most = 0;
    for await (const chunk of response.body ?? []) {
      received += chunk.length;
      most = Math.max(most, received % 20_000_000 < chunk.length ? residentBytes(bench.program.pid) : 0);
    }
    expect(received).toBe(bytes);
    expect(most - before).toBeLessThan(100_000_000);
  });

  it('lets a request in flight end where it began, and tells that it is in flight', async () => {
    const slow = get(`${url}/slow?ms=800`);
    await until(async () => (await bench.client.router(SERVICE)).in_flight.blue === 1, 'the request to be in flight');
    await foreignShift(bench.client, 0);
    expect((await get(url)).colour).toBe('green');
    expect(await slow).toMatchObject({ status: 200, colour: 'blue' });
    expect((await bench.client.router(SERVICE)).in_flight).toEqual({ blue: 0, green: 0 });
    await foreignShift(bench.client, 100);
  });

  it('counts a request that its client gave up as 499', async () => {
    const before = await counted(bench.client, 'blue', 499);
    await expect(fetch(`${url}/slow?ms=5000`, { signal: AbortSignal.timeout(200) })).rejects.toThrow();
    await until(async () => (await counted(bench.client, 'blue', 499)) === before + 1, 'the request to be counted');
  });

  it('passes the status of the application on, and counts it exactly', async () => {
    expect((await get(`${url}/api/v1/users`)).status).toBe(200);
    expect((await get(`${url}/api/v1/orders`)).status).toBe(401);
    expect(await counted(bench.client, 'blue', 401)).toBe(1);
  });
});

describe('the router in front of an awkward application', () => {
  beforeAll(async () => {
    await bench.client.remove(SERVICE, true);
    const env = { READY_AFTER_MS: '400' };
    url = (await bench.client.define(SERVICE, { command: AWKWARD, env, drain_timeout_ms: 2_000 })).public_url;
  });

  it('answers 503 itself while no instance is ready, counts it, and never asks the other colour', async () => {
    await bench.client.deploy(SERVICE, 'green', ONE);
    await untilReady(bench.client);
    await bench.client.deploy(SERVICE, 'blue', ONE);
    const refused = await get(url);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'CUTOVER_CAPACITY_SHORT' });
    await untilReady(bench.client);
    expect((await get(url)).status).toBe(200);
    expect(await counted(bench.client, 'blue', 503)).toBeGreaterThan(0);
    expect(await counted(bench.client, 'green', 200)).toBe(0);
  });

  it('repeats a GET once when a kept connection broke off before an answer', async () => {
    await get(`${url}/headers`);
    for (let sent = 0; sent < 5; sent += 1) expect((await get(`${url}/reused`)).status).toBe(200);
  });

  it('never repeats a POST: it answers 502', async () => {
    await get(`${url}/headers`);
    const before = bench.output().match(/"POST"/g)?.length ?? 0;
    const response = await fetch(`${url}/reused`, { method: 'POST', body: 'x' });
    expect(response.status).toBe(502);
    expect(bench.output().match(/"POST"/g)?.length).toBe(before + 1);
  });

  it('breaks off an answer that its instance broke off, and counts it as 502', async () => {
    const before = await counted(bench.client, 'blue', 502);
    await expect(get(`${url}/cut`)).rejects.toThrow();
    await until(async () => (await counted(bench.client, 'blue', 502)) === before + 1, 'the request to be counted');
  });

  it('answers 502 in place of an answer that Node would not write, and goes on', async () => {
    const before = await counted(bench.client, 'blue', 502);
    const answer = await get(`${url}/status`);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'CUTOVER_PLATFORM_UNREACHABLE' });
    await until(async () => (await counted(bench.client, 'blue', 502)) === before + 1, 'the request to be counted');
    expect((await get(`${url}/headers`)).status).toBe(200);
  });

  it('keeps hop-by-hop headers on their own connection, and all others', async () => {
    const answer = await get(`${url}/headers`, { 'X-End': 'kept', TE: 'trailers' });
    const received = JSON.parse(answer.text) as Record<string, string>;
    expect(received).toMatchObject({ 'x-end': 'kept', host: new URL(url).host, 'x-forwarded-host': new URL(url).host });
    expect(received.te).toBeUndefined();
    expect(answer.headers.get('x-private')).toBeNull();
    expect(answer.headers.get('x-kept')).toBe('end');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('sends nothing to an instance that has not said it was ready', async () => {
    await foreignShift(bench.client, 0);
    let stop = false;
    const load = (async () => {
      for (; !stop; await sleep(2)) await get(url).catch(() => undefined);
    })();
    for (const version of ['2', '3']) {
      await bench.client.deploy(SERVICE, 'blue', { version, replicas: 2 });
      await foreignShift(bench.client, 100);
      await untilReady(bench.client);
      await foreignShift(bench.client, 0);
    }
    stop = true;
    await load;
    expect(bench.output()).toContain('"ready":true');
    expect(bench.output()).not.toContain('"ready":false');
  });
});

function localPortOf(agent: Agent, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(target, { agent }, (response) => {
      const port = response.socket.localPort ?? 0;
      response.resume();
      response.once('end', () => resolve(port));
    });
    call.once('error', reject);
    call.end();
  });
}

function fetchStreaming(target: string, body: AsyncIterable<Buffer>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request(target, { method: 'POST' }, resolve);
    call.once('error', reject);
    Readable.from(body).pipe(call);
  });
}
