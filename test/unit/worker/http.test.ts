import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { MetricsAddress } from '../../../src/worker/config.ts';
import { createPages, type HttpPort, listen, type Pages } from '../../../src/worker/http.ts';

const open: HttpPort[] = [];
afterEach(async () => {
  for (const port of open.splice(0)) await port.close();
});

const PAGES: Pages = {
  metrics: async () => ({ text: 'metric 1\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' }),
  ready: async () => ({ ready: true, reason: null }),
};

async function serve(pages: Partial<Pages> = {}, address: Partial<MetricsAddress> = {}): Promise<HttpPort> {
  const app = createPages({ ...PAGES, ...pages });
  const port = await listen(app, { host: '127.0.0.1', port: 0, isDefault: false, ...address });
  open.push(port);
  return port;
}

describe('the worker’s port', () => {
  it('serves metrics in their own content type', async () => {
    const { url } = await serve();
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe('metric 1\n');
  });

  it('is alive whether ready or not', async () => {
    const { url } = await serve({ ready: async () => ({ ready: false, reason: 'starting' }) });
    const alive = await fetch(`${url}/healthz`);
    expect([alive.status, await alive.json()]).toEqual([200, { status: 'alive' }]);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'not ready', reason: 'starting' }]);
  });

  it('is ready when the worker is', async () => {
    const { url } = await serve();
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ready' }]);
  });

  it('says what there is to anybody who asks for something else', async () => {
    const { url } = await serve();
    const answer = await fetch(`${url}/`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ pages: ['/metrics', '/healthz', '/readyz'] });
  });

  it('is refused where another program has it, naming it', async () => {
    const port = Number(new URL((await serve()).url).port);
    await expect(serve({}, { port })).rejects.toMatchObject({
      code: 'CUTOVER_PORT_TAKEN',
      message: `the metrics address 127.0.0.1:${port} cannot be listened on: EADDRINUSE`,
    });
  });

  it('is another one where nobody chose the one that is taken', async () => {
    const port = Number(new URL((await serve()).url).port);
    const second = await serve({}, { port, isDefault: true });
    expect(second.url).not.toContain(`:${port}`);
    expect((await fetch(`${second.url}/healthz`)).status).toBe(200);
  });

  it('is refused on an address that this machine does not have', async () => {
    const refused = serve({}, { host: '192.0.2.1', isDefault: true });
    await expect(refused).rejects.toMatchObject({ code: 'CUTOVER_PORT_TAKEN', message: /EADDRNOTAVAIL/ });
  });

  it('closes although a client keeps its connection', async () => {
    const { url, close } = await serve();
    const client = connect(Number(new URL(url).port), '127.0.0.1');
    client.on('error', () => undefined);
    await new Promise((resolve) => client.once('connect', resolve));
    client.write('GET /healthz HTTP/1.1\r\n');
    await close();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    client.destroy();
    open.length = 0;
  });
});
