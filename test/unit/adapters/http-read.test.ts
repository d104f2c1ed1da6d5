import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readHttp } from '../../../src/adapters/http-read.ts';

let server: Server;
let url: string;
let asked: number;

beforeEach(async () => {
  asked = 0;
  server = createServer((request, response) => {
    asked += 1;
    if (request.url === '/hang') return;
    if (request.url === '/half') return void response.writeHead(200, { 'content-length': 100 }).write('half');
    if (request.url === '/lost' && asked === 1) return void request.socket.destroy();
    response.writeHead(200, { 'x-one': '1' }).end('whole');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('one bounded request', () => {
  it('gives status, headers and body, with a signal or without', async () => {
    for (const signal of [null, new AbortController().signal]) {
      const answer = await readHttp(url, { timeoutMs: 2_000 }, signal);
      expect([answer.status, answer.headers.get('x-one'), answer.body]).toEqual([200, '1', 'whole']);
    }
  });

  it.each(['/hang', '/half'])('ends at its time limit, whatever it waits for: %s', async (path) => {
    await expect(readHttp(url + path, { timeoutMs: 100 }, null)).rejects.toThrow('no answer within 100 ms');
  });

  it.each(['/hang', '/half'])("ends with its signal's reason: %s", async (path) => {
    const reason = new Error('the watcher is replaced');
    const controller = new AbortController();
    const answer = readHttp(url + path, { timeoutMs: 5_000 }, controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    await expect(answer).rejects.toBe(reason);
    await expect(readHttp(url, { timeoutMs: 5_000 }, controller.signal)).rejects.toBe(reason);
  });

  it('is sent once more when its connection was lost before any answer, unless it may have done something', async () => {
    expect((await readHttp(`${url}/lost`, { timeoutMs: 2_000 }, null)).body).toBe('whole');
    expect(asked).toBe(2);
    asked = 0;
    const post = readHttp(`${url}/lost`, { method: 'POST', timeoutMs: 2_000 }, null);
    await expect(post).rejects.toThrow('the connection was lost');
    expect(asked).toBe(1);
  });
});
