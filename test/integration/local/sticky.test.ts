import { beforeEach, describe, expect, it } from 'vitest';
import { createLocalPlatform } from '../../../src/adapters/platforms/local.ts';
import type { LocalClient } from '../../../src/local/client.ts';
import { openSocket, runSockets, SOCKETS_COMMAND } from './sockets.ts';
import {
  type Answer,
  counted,
  foreignShift,
  get,
  SERVICE,
  until,
  untilReady,
  type Workbench,
  workbenchForTest,
} from './support.ts';

const COOKIE = /^cutover-shop=\d{5}; Path=\/; HttpOnly; SameSite=Lax$/;

let bench: Workbench;
let client: LocalClient;
let url: string;

beforeEach(async () => {
  bench = await workbenchForTest();
  client = bench.client;
  url = await runSockets(client, { sticky: true });
});

/** The router's own cookie among those that an answer sets. */
function stickyCookie({ headers }: Answer): string | undefined {
  return headers.getSetCookie().find((cookie) => cookie.startsWith('cutover-'));
}

function pairOf(cookie: string | undefined): string {
  return cookie?.split(';')[0] ?? '';
}

/** Cookies of clients that have each sent one request. */
async function newClients(count: number): Promise<string[]> {
  const cookies: string[] = [];
  for (let made = 0; made < count; made += 1) cookies.push(pairOf(stickyCookie(await get(url))));
  return cookies;
}

async function coloursOf(cookies: string[]): Promise<(string | null)[]> {
  const colours = [];
  for (const Cookie of cookies) colours.push((await get(url, { Cookie })).colour);
  return colours;
}

describe('a service with sticky sessions', () => {
  it('keeps a client where its first request went, beside the cookies of the application', async () => {
    await foreignShift(client, 50);
    for (let round = 0; round < 4; round += 1) {
      const first = await get(url);
      expect(stickyCookie(first)).toMatch(COOKIE);
      expect(first.headers.getSetCookie()).toEqual(expect.arrayContaining(['cart=7; Path=/', 'theme=dark']));
      const Cookie = `cart=7; ${pairOf(stickyCookie(first))}`;
      for (let sent = 0; sent < 5; sent += 1) {
        const again = await get(url, { Cookie });
        expect(again.colour).toBe(first.colour);
        expect(again.headers.getSetCookie()).toEqual(['cart=7; Path=/', 'theme=dark']);
      }
    }
    const text = await client.metrics(SERVICE);
    const totals = [...text.matchAll(/^cutover_router_requests_total\{.*\} (\d+)$/gm)];
    expect(totals.reduce((sum, [, value]) => sum + Number(value), 0)).toBe(24);
  });

  it('gives new clients to the colours in exact shares', async () => {
    await foreignShift(client, 90);
    const answers = [];
    for (let sent = 0; sent < 100; sent += 1) answers.push(await get(url));
    expect(answers.filter(({ colour }) => colour === 'green')).toHaveLength(10);
  });

  it('moves a client at most once in a gradual switch, and back in a rollback, over a restart of the program', async () => {
    const cookies = await newClients(40);
    const steps = [await coloursOf(cookies)];
    for (const share of [5, 25, 50, 75, 100]) {
      await foreignShift(client, 100 - share);
      if (share === 50) {
        await bench.killAndRestart();
        await untilReady(client);
      }
      steps.push(await coloursOf(cookies));
    }
    cookies.forEach((_, index) => {
      const seen = steps.map((step) => step[index]);
      expect(seen[0]).toBe('blue');
      expect(seen.at(-1)).toBe('green');
      expect(seen.filter((colour, step) => step > 0 && colour !== seen[step - 1])).toHaveLength(1);
    });
    await foreignShift(client, 50);
    expect(await coloursOf(cookies)).toEqual(steps[3]);
    await foreignShift(client, 100);
    expect(await coloursOf(cookies)).toEqual(steps[0]);
  });

  it('replaces a cookie that it did not write', async () => {
    for (const value of ['', 'green', '99999999', '%00']) {
      const answer = await get(url, { Cookie: `cutover-shop=${value}` });
      expect(answer.status).toBe(200);
      expect(stickyCookie(answer)).toMatch(COOKIE);
    }
  });

  it('keeps a WebSocket with the rest of its session', async () => {
    const opened = await openSocket(url);
    const cookie = opened.answer.headers['set-cookie']?.find((one) => one.startsWith('cutover-'));
    expect(cookie).toMatch(COOKIE);
    await foreignShift(client, 50);
    const { colour } = await get(url, { Cookie: pairOf(cookie) });
    for (let round = 0; round < 4; round += 1) {
      const again = await openSocket(url, '/', { headers: { Cookie: pairOf(cookie) } });
      expect(again.colour).toBe(colour);
      expect(again.answer.headers['set-cookie']).toBeUndefined();
    }
  });

  it('leaves a session alone that names its colour, and gives none with an answer of the router itself', async () => {
    const named = await get(url, { 'X-Cutover-Colour': 'green', Cookie: 'cutover-shop=99999' });
    expect(named.colour).toBe('green');
    expect(stickyCookie(await get(url, { 'X-Cutover-Colour': 'green' }))).toBeUndefined();
    await foreignShift(client, 0);
    await client.deploy(SERVICE, 'blue', { version: '1.0.0', replicas: 0 });
    await untilReady(client);
    await foreignShift(client, 100);
    const refused = await get(url);
    expect(refused.status).toBe(503);
    expect(refused.headers.getSetCookie()).toEqual([]);
    await until(async () => (await counted(client, 'blue', 503)) === 1, 'the request to be counted');
  });

  it('is no longer sticky once its definition says so, and stays what it is when a plan gives it a command', async () => {
    const { definition } = await client.service(SERVICE);
    const plan = { url: bench.program.url, service: SERVICE, command: SOCKETS_COMMAND, cwd: null, env: { A: '1' } };
    await createLocalPlatform(plan).deploy('green', '3.0.0', 1, AbortSignal.timeout(20_000));
    expect((await client.service(SERVICE)).definition).toMatchObject({ sticky: true, env: { A: '1' } });
    await client.define(SERVICE, { ...definition, sticky: false });
    await foreignShift(client, 50);
    await untilReady(client);
    const colours = new Set<string | null>();
    for (let sent = 0; sent < 4; sent += 1) {
      const answer = await get(url, { Cookie: 'cutover-shop=00000' });
      colours.add(answer.colour);
      expect(stickyCookie(answer)).toBeUndefined();
    }
    expect(colours.size).toBe(2);
  });
});
