/** Between Cutover and a real API server: an HTTP proxy that does to a call what the test says. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ControlPlane } from './control-plane.ts';

export interface ApiCall {
  method: string;
  path: string;
  body: string;
  /** Bearer token that it came with. */
  token: string;
  /** What its caller was answered; null: nothing yet, or its connection was cut. */
  status: number | null;
  /** What the API server said, whoever heard of it; null: it was not asked. */
  done: number | null;
}

export interface ApiAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** `pass` has the API server do it. What it returns is answered, `cut` ends the caller's connection instead. */
export type Interception = (pass: () => Promise<ApiAnswer>, call: ApiCall) => Promise<ApiAnswer | 'cut'>;

export interface ApiProxy {
  url: string;
  calls: readonly ApiCall[];
  /** For the next `times` (1) calls that fit. */
  intercept(fits: (call: ApiCall) => boolean, what: Interception, times?: number): void;
  /** Holds the next call that fits, before or after the API server did it. */
  hold(fits: (call: ApiCall) => boolean, stage: 'before' | 'after'): Held;
  stop(): Promise<void>;
}

export interface Held {
  /** The call, once it is there; rejects after 90 s. */
  caught: Promise<ApiCall>;
  release(): void;
}

const CATCH_MS = 90_000;

export const isServiceWrite = ({ method, path }: ApiCall) => method === 'PATCH' && path.includes('/services/');
export const isWorkloadWrite = ({ method, path }: ApiCall) => method === 'PATCH' && path.includes('/deployments/');
/** A write that gives green all traffic. */
export const isSwitch = (call: ApiCall) => isServiceWrite(call) && call.body.includes('"colour":"green"');

/** As an API server words it. */
export function refusal(status: number, message: string, headers: Record<string, string> = {}): Interception {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code: status });
  return async () => ({ status, headers: { 'content-type': 'application/json', ...headers }, body });
}

export const cutBefore: Interception = async () => 'cut';
export const cutAfter: Interception = async (pass) => {
  await pass();
  return 'cut';
};

/** `token`: what the API server is sent in place of the caller's; absent: the caller's. */
export async function startApiProxy(plane: Pick<ControlPlane, 'url'>, token?: string): Promise<ApiProxy> {
  const calls: ApiCall[] = [];
  const waiting: { fits: (call: ApiCall) => boolean; what: Interception; left: number }[] = [];

  async function handle(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const call: ApiCall = {
      method: from.method ?? '',
      path: from.url ?? '',
      body: await textOf(from),
      token: (from.headers.authorization ?? '').replace('Bearer ', ''),
      status: null,
      done: null,
    };
    calls.push(call);
    const headers = { ...from.headers, authorization: `Bearer ${token ?? call.token}` };
    const found = waiting.find(({ fits, left }) => left > 0 && fits(call));
    if (found === undefined) return relay(plane.url, call, headers, to);
    found.left -= 1;
    const pass = async () => {
      const answered = await forward(plane.url, call, headers);
      call.done = answered.status;
      return answered;
    };
    const answer = await found.what(pass, call);
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
      let meet: (call: ApiCall) => void = () => undefined;
      const caught = new Promise<ApiCall>((resolve, reject) => {
        meet = resolve;
        setTimeout(() => reject(new Error(`no such call in ${CATCH_MS} ms`)), CATCH_MS).unref();
      });
      caught.catch(() => undefined);
      const what: Interception = async (pass, call) => {
        const early = stage === 'after' ? await pass() : null;
        meet(call);
        await released;
        return early ?? pass();
      };
      waiting.push({ fits, what, left: 1 });
      return { caught, release: () => release() };
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function forward(url: string, { method, path, body }: ApiCall, headers: IncomingHttpHeaders): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers, rejectUnauthorized: false }, (response) => {
      textOf(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        reject,
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** As it comes: a watch has no end. */
function relay(url: string, call: ApiCall, headers: IncomingHttpHeaders, to: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { method: call.method, headers, rejectUnauthorized: false };
    const sent = request(`${url}${call.path}`, options, (response) => {
      call.done = response.statusCode ?? 0;
      call.status = call.done;
      to.writeHead(call.done, response.headers);
      response.pipe(to);
      response.once('error', reject);
      response.once('end', resolve);
    });
    sent.once('error', reject);
    to.once('close', () => sent.destroy());
    sent.end(call.body);
  });
}

function withoutLength(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { 'content-length': _, 'transfer-encoding': __, ...rest } = headers;
  return rest;
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
