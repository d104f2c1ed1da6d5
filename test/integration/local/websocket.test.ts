import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { openSocket, refusedSocket, runSockets } from './sockets.ts';
import { counted, foreignShift, get, SERVICE, until, untilReady, type Workbench, workbenchForTest } from './support.ts';

let bench: Workbench;
let url: string;

beforeEach(async () => {
  bench = await workbenchForTest();
  url = await runSockets(bench.client);
});

async function inFlight() {
  return (await bench.client.router(SERVICE)).in_flight;
}

async function idle(): Promise<void> {
  await until(async () => Object.values(await inFlight()).every((count) => count === 0), 'nothing to be in flight');
}

describe('a WebSocket', () => {
  it('is passed on both ways, with what the handshake said', async () => {
    const one = await openSocket(url, '/chat?room=1', { headers: { 'X-End': 'kept', Cookie: 'cart=7' } });
    expect(one.colour).toBe('blue');
    expect(one.seen).toMatchObject({ 'x-end': 'kept', cookie: 'cart=7', host: new URL(url).host });
    expect(one.seen).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': new URL(url).host });
    expect(one.seen).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-port': new URL(url).port });
    expect(String(await one.echo('hello'))).toBe('hello');
    const large = randomBytes(5_000_000);
    expect((await one.echo(large)).equals(large)).toBe(true);
    one.socket.close(1000);
    expect(await one.ended).toBe(1000);
    await idle();
  });

  it('loses nothing that came along with the answer to its handshake', async () => {
    const eager = await openSocket(url, '/eager');
    expect(eager.seen.upgrade).toBe('websocket');
    expect(String(await eager.echo('after'))).toBe('after');
  });

  it('goes where a request would go: by weight, or by the header that names a colour', async () => {
    await foreignShift(bench.client, 75);
    const colours = [];
    for (let opened = 0; opened < 8; opened += 1) colours.push((await openSocket(url)).colour);
    expect(colours.filter((colour) => colour === 'green')).toHaveLength(2);
    expect(await inFlight()).toEqual({ blue: 6, green: 2 });
    const named = await openSocket(url, '/', { headers: { 'X-Cutover-Colour': 'green' } });
    expect(named.colour).toBe('green');
    expect(await inFlight()).toEqual({ blue: 6, green: 2 });
    expect(await counted(bench.client, 'green', 101)).toBe(2);
    expect(await counted(bench.client, 'green', 101, 'cutover_router_header_requests_total')).toBe(1);
    const wrong = await refusedSocket(url, '/', { headers: { 'X-Cutover-Colour': 'red' } });
    expect(wrong.status).toBe(400);
  });

  it('is counted once, as 101 when it begins, and is in flight until it ends', async () => {
    const one = await openSocket(url);
    expect(await counted(bench.client, 'blue', 101)).toBe(1);
    expect(await inFlight()).toEqual({ blue: 1, green: 0 });
    one.socket.terminate();
    await idle();
    expect(await counted(bench.client, 'blue', 101)).toBe(1);
    const text = await bench.client.metrics(SERVICE);
    expect(text).toMatch(/^cutover_router_request_duration_seconds_count\{service="shop",colour="blue"\} 1$/m);
    expect(await counted(bench.client, 'blue', 499)).toBe(0);
  });

  it('ends for its client when its instance ends', async () => {
    const one = await openSocket(url, '/crash');
    expect(await one.ended).toBe(1006);
    await idle();
    expect(await counted(bench.client, 'blue', 502)).toBe(0);
  });

  it('is ended when its instance has had its time to drain, and not before', async () => {
    await bench.client.remove(SERVICE, true);
    url = await runSockets(bench.client, { drain_timeout_ms: 1_000 });
    await foreignShift(bench.client, 0);
    const one = await openSocket(url);
    await foreignShift(bench.client, 100);
    await bench.client.deploy(SERVICE, 'green', { version: '2.0.0', replicas: 0 });
    expect(String(await one.echo('still here'))).toBe('still here');
    expect(await one.ended).toBe(1006);
    await untilReady(bench.client);
    await idle();
  });

  it('keeps its draining instance alive until it ends by itself', async () => {
    await foreignShift(bench.client, 0);
    const one = await openSocket(url);
    await foreignShift(bench.client, 100);
    await bench.client.deploy(SERVICE, 'green', { version: '2.0.0', replicas: 0 });
    const [draining] = (await bench.client.service(SERVICE)).colours.green.instances;
    expect(draining).toMatchObject({ phase: 'draining', in_flight: 1 });
    expect(String(await one.echo('still here'))).toBe('still here');
    one.socket.close(1000);
    expect(await one.ended).toBe(1000);
    await untilReady(bench.client);
  });

  it('does not keep the program from stopping beyond the time to drain', async () => {
    await bench.client.remove(SERVICE, true);
    url = await runSockets(bench.client, { drain_timeout_ms: 300 });
    const one = await openSocket(url);
    await bench.program.stop();
    expect(await one.ended).toBe(1006);
    expect(bench.log()).toContain('"msg":"stopped"');
  });
});

describe('a handshake that comes to nothing', () => {
  it('is passed the answer of the application, which is counted', async () => {
    const refusal = await refusedSocket(url, '/refuse');
    expect(refusal).toMatchObject({ status: 401, text: 'no' });
    expect(refusal.headers['set-cookie']).toEqual(['cart=7']);
    expect(refusal.headers['x-cutover-served-by']).toMatch(/^blue\//);
    await until(async () => (await counted(bench.client, 'blue', 401)) === 1, 'the handshake to be counted');
    await idle();
  });

  it('is answered 502 when the instance gives no answer or a malformed one, and cut where it broke off midway', async () => {
    const refusal = await refusedSocket(url, '/drop');
    expect(refusal.status).toBe(502);
    expect(JSON.parse(refusal.text)).toMatchObject({ code: 'CUTOVER_PLATFORM_UNREACHABLE' });
    expect((await refusedSocket(url, '/status')).status).toBe(502);
    await expect(refusedSocket(url, '/half')).rejects.toThrow();
    await until(async () => (await counted(bench.client, 'blue', 502)) === 3, 'all to be counted');
    await idle();
  });

  it('is answered 503 while the colour has no ready instance', async () => {
    await foreignShift(bench.client, 0);
    await bench.client.deploy(SERVICE, 'blue', { version: '1.0.0', replicas: 0 });
    await untilReady(bench.client);
    await foreignShift(bench.client, 100);
    const refusal = await refusedSocket(url);
    expect(refusal).toMatchObject({ status: 503 });
    expect(refusal.headers).toMatchObject({ 'retry-after': '1', connection: 'close' });
    expect(JSON.parse(refusal.text)).toMatchObject({ code: 'CUTOVER_CAPACITY_SHORT' });
    await until(async () => (await counted(bench.client, 'blue', 503)) === 1, 'the handshake to be counted');
  });

  it('goes to another instance when the first refuses the connection, and is answered 502 without another', async () => {
    await foreignShift(bench.client, 0);
    await bench.client.deploy(SERVICE, 'green', { version: '2.0.0', replicas: 2 });
    await untilReady(bench.client);
    await get(`${url}/deaf`);
    for (let opened = 0; opened < 4; opened += 1) expect((await openSocket(url)).colour).toBe('green');
    expect(await counted(bench.client, 'green', 101)).toBe(4);
    await get(`${url}/deaf`);
    // 503 should a probe have found out first.
    expect([502, 503]).toContain((await refusedSocket(url)).status);
  });

  it.each([
    { how: 'breaks off', leave: (socket: Socket) => socket.resetAndDestroy() },
    { how: 'ends its side', leave: (socket: Socket) => socket.end() },
  ])('is counted as 499 when its client $how before the answer', async ({ leave }) => {
    const socket = await handshake('/hang', '');
    await until(async () => (await inFlight()).blue === 1, 'the handshake to be in flight');
    leave(socket);
    await until(async () => (await counted(bench.client, 'blue', 499)) === 1, 'the handshake to be counted');
    await idle();
  });
});

describe('what is like a WebSocket', () => {
  it('may send before the answer: nothing of it is lost or doubled', async () => {
    // Two masked frames with the mask 0, one along with the handshake and one right after it.
    const frame = (text: string) => Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0, ...Buffer.from(text)]);
    const socket = await handshake('/', frame('one'));
    socket.write(frame('two'));
    let received = '';
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    await until(() => received.endsWith('two'), 'the echo of both frames');
    expect(received.match(/one/g)).toHaveLength(1);
    expect(received.match(/two/g)).toHaveLength(1);
    socket.destroy();
  });

  it('is an ordinary request when it offers another protocol, its body included', async () => {
    const body = 'x'.repeat(100_000);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const offer = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
    const head = ['POST /orders HTTP/1.1', 'Host: shop', ...offer, `Content-Length: ${body.length}`];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    socket.write('GET /next HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n');
    const text = await everything(socket);
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(text).toContain(`"body":"${body}"`);
    expect(text).not.toMatch(/h2c|http2-settings/i);
    await until(async () => (await counted(bench.client, 'blue', 200)) === 2, 'both to be counted');
  });

  it('is an ordinary request when it has a body or another method', async () => {
    for (const head of ['GET / HTTP/1.1\r\nContent-Length: 1', 'POST / HTTP/1.1\r\nContent-Length: 1']) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(`${head}\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx`);
      const answered = await once(socket, 'data');
      expect(String(answered[0])).toMatch(/^HTTP\/1\.1 200 OK/);
      socket.destroy();
    }
  });

  it('ends the connection when it comes before the answer to an earlier request', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET /hang HTTP/1.1\r\nHost: shop\r\n\r\n');
    await until(async () => (await inFlight()).blue === 1, 'the request to be in flight');
    socket.write('GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    expect(await everything(socket)).not.toContain('101 Switching');
    await idle();
    expect((await get(url)).status).toBe(200);
  });
});

/** A connection that has asked for a WebSocket by hand, `head` sent in the same write. */
async function handshake(path: string, head: string | Buffer): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  const key = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'];
  const lines = [`GET ${path} HTTP/1.1`, 'Host: shop', 'Connection: Upgrade', 'Upgrade: WebSocket', ...key];
  socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(head)]));
  return socket;
}

async function everything(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.on('error', () => undefined);
  await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
  return text;
}
