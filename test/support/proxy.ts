/** Between a worker and the local program: an HTTP proxy that holds or cuts the calls a test names. */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  method: string;
  path: string;
  body: string;
  /** Of the answer, once it is there. */
  status: number | null;
  /** The answer's body. */
  answer: string;
}

export interface Trap {
  /** The first call that fits, held from then on; rejects when none comes within 30 s. */
  caught: Promise<Call>;
  /** Lets it go on; fine when its caller is gone: what was under way arrives all the same. */
  release(): void;
  /** Ends the caller's connection instead of answering. */
  cut(): void;
}

export interface HoldingProxy {
  url: string;
  calls: readonly Call[];
  /**
   * Waits for one call, from now on. `request`: it is held before it reaches the program; `answer`: it was carried
   * out, and its answer is held.
   */
  trap(fits: (call: Call) => boolean, stage: 'request' | 'answer'): Trap;
  stop(): Promise<void>;
}

interface Waiting {
  fits: (call: Call) => boolean;
  stage: 'request' | 'answer';
  hold(call: Call): Promise<'release' | 'cut'>;
}

const CATCH_MS = 30_000;

export async function startProxy(target: string): Promise<HoldingProxy> {
  const calls: Call[] = [];
  const waiting: Waiting[] = [];

  /** The trap that the call runs into, which catches no other. */
  async function held(call: Call, stage: Waiting['stage']): Promise<'release' | 'cut'> {
    const index = waiting.findIndex((trap) => trap.stage === stage && trap.fits(call));
    const [trap] = index === -1 ? [] : waiting.splice(index, 1);
    return trap === undefined ? 'release' : trap.hold(call);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    const call: Call = { method: request.method ?? '', path: request.url ?? '', body, status: null, answer: '' };
    calls.push(call);
    if ((await held(call, 'request')) === 'cut') return void response.destroy();
    const { status, headers, text } = await pass(target, request, body);
    Object.assign(call, { status, answer: text });
    if ((await held(call, 'answer')) === 'cut') return void response.destroy();
    if (!response.destroyed) response.writeHead(status, headers).end(text);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const open = new Set<() => void>();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    trap(fits, stage) {
      let go: (how: 'release' | 'cut') => void = () => undefined;
      const going = new Promise<'release' | 'cut'>((resolve) => {
        go = resolve;
      });
      const caught = new Promise<Call>((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error(`no such call (${stage}) in ${CATCH_MS} ms`)), CATCH_MS);
        limit.unref();
        waiting.push({
          fits,
          stage,
          hold(call) {
            clearTimeout(limit);
            resolve(call);
            return going;
          },
        });
      });
      caught.catch(() => undefined);
      open.add(() => go('cut'));
      return { caught, release: () => go('release'), cut: () => go('cut') };
    },
    async stop() {
      for (const cut of open) cut();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return text;
}

function pass(
  target: string,
  { method, url, headers }: IncomingMessage,
  body: string,
): Promise<{ status: number; headers: Record<string, string>; text: string }> {
  return new Promise((resolve, reject) => {
    const own = { ...headers, host: new URL(target).host, connection: 'close' };
    const request = forward(target + (url ?? ''), { method, headers: own }, (incoming) => {
      textOf(incoming).then((text) => {
        const type = incoming.headers['content-type'] ?? 'application/json';
        resolve({ status: incoming.statusCode ?? 502, headers: { 'content-type': type }, text });
      }, reject);
    });
    request.once('error', reject);
    request.end(body);
  });
}

export function isWrite(call: Call): boolean {
  return call.method === 'PUT' && call.path.endsWith('/router');
}

/** Both colours' state, as `inspect` reads it. */
export function isInspection(call: Call): boolean {
  return call.method === 'GET' && /^\/v1\/services\/[^/]+$/.test(call.path);
}

export function isRouterRead(call: Call): boolean {
  return call.method === 'GET' && call.path.endsWith('/router');
}
