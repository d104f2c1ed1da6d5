/** Between Cutover and a real API: an HTTP proxy that does to a call what the test says. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProxiedCall {
  method: string;
  path: string;
  body: string;
  /** What its caller was answered; null: nothing yet, or its connection was cut. */
  status: number | null;
  /** What the API said, whoever heard of it; null: it was not asked. */
  done: number | null;
}

export interface ProxiedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** `pass` has the API do it. What it returns is answered, `cut` ends the caller's connection instead. */
export type Intercepting<C extends ProxiedCall> = (
  pass: () => Promise<ProxiedAnswer>,
  call: C,
) => Promise<ProxiedAnswer | 'cut'>;

export interface InterceptingProxy<C extends ProxiedCall> {
  url: string;
  calls: readonly C[];
  /** For the next `times` (1) calls that fit. */
  intercept(fits: (call: C) => boolean, what: Intercepting<C>, times?: number): void;
  /** Holds the next call that fits, before or after the API did it. */
  hold(fits: (call: C) => boolean, stage: 'before' | 'after'): Held<C>;
  /** What was to be done to calls to come is done to none. */
  calm(): void;
  stop(): Promise<void>;
}

export interface Held<C extends ProxiedCall> {
  /** The call, once it is there; rejects after 90 s. */
  caught: Promise<C>;
  release(): void;
}

export interface Upstream<C extends ProxiedCall> {
  describe(call: ProxiedCall, headers: IncomingHttpHeaders): C;
  send(call: C, headers: IncomingHttpHeaders): Promise<ProxiedAnswer>;
  /** For calls that nothing is done to; absent: they are sent as the others. */
  relay?(call: C, headers: IncomingHttpHeaders, to: ServerResponse): Promise<void>;
}

const CATCH_MS = 90_000;

export const cutBefore: Intercepting<ProxiedCall> = async () => 'cut';
export const cutAfter: Intercepting<ProxiedCall> = async (pass) => {
  await pass();
  return 'cut';
};

export async function startInterceptingProxy<C extends ProxiedCall>(
  upstream: Upstream<C>,
): Promise<InterceptingProxy<C>> {
  const calls: C[] = [];
  let waiting: { fits: (call: C) => boolean; what: Intercepting<C>; left: number }[] = [];

  async function handle(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const plain = {
      method: from.method ?? '',
      path: from.url ?? '',
      body: await textOf(from),
      status: null,
      done: null,
    };
    const call = upstream.describe(plain, from.headers);
    calls.push(call);
    const found = waiting.find(({ fits, left }) => left > 0 && fits(call));
    if (found !== undefined) found.left -= 1;
    else if (upstream.relay !== undefined) return upstream.relay(call, from.headers, to);
    const pass = async () => {
      const answered = await upstream.send(call, from.headers);
      call.done = answered.status;
      return answered;
    };
    const answer = found === undefined ? await pass() : await found.what(pass, call);
    if (answer === 'cut') return void to.destroy();
    call.status = answer.status;
    to.writeHead(answer.status, withoutLength(answer.headers)).end(answer.body);
  }

  const server = createServer((from, to) => {
    handle(from, to).catch(() => to.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    intercept: (fits, what, times = 1) => void waiting.push({ fits, what, left: times }),
    hold(fits, stage) {
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      let meet: (call: C) => void = () => undefined;
      const caught = new Promise<C>((resolve, reject) => {
        meet = resolve;
        setTimeout(() => reject(new Error(`no such call in ${CATCH_MS} ms`)), CATCH_MS).unref();
      });
      caught.catch(() => undefined);
      const what: Intercepting<C> = async (pass, call) => {
        const early = stage === 'after' ? await pass() : null;
        meet(call);
        await released;
        return early ?? pass();
      };
      waiting.push({ fits, what, left: 1 });
      return { caught, release: () => release() };
    },
    calm() {
      waiting = [];
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function withoutLength(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { 'content-length': _, 'transfer-encoding': __, ...rest } = headers;
  return rest;
}

export async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
