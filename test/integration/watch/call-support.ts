/** A receiver of requests that behaves as a test says, and hooks that are run as activities. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { HookInput } from '../../../src/activities/types.ts';
import { createWatchActivities } from '../../../src/activities/watch-activities.ts';
import type { Adapters } from '../../../src/adapters/registry.ts';
import type { Cdn } from '../../../src/adapters/types.ts';
import type { HookPlan, HttpCall } from '../../../src/plan/types.ts';
import { watchInput } from '../../support/watch-world.ts';

export const SECRET = 'correct "horse"/staple';

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** How the next requests are answered; 204 until it is set. */
  answer: (response: ServerResponse, request: Received) => void;
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      receiver.received.push(one);
      receiver.answer(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answer: (response) => void response.writeHead(204).end(),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

export const ANSWERS = {
  status:
    (status: number, body = '', headers: Record<string, string> = {}) =>
    (response: ServerResponse) =>
      void response.writeHead(status, headers).end(body),
  hang: () => {},
  reset: (response: ServerResponse) => void response.socket?.resetAndDestroy(),
  /** Begins to answer, and never ends. */
  drip: (response: ServerResponse) => void response.writeHead(200).write('begun'),
} as const;

export function httpCall(url: string, over: Partial<HttpCall> = {}): HttpCall {
  return { kind: 'http', method: 'POST', url, headers: {}, json: null, status: null, ...over };
}

export function hookInput(call: HookPlan['call'], over: Partial<HookPlan> = {}): HookInput {
  return {
    target: watchInput({}).target,
    hook: { name: 'migrate', call, timeout_ms: 2_000, attempts: 3, on_failure: 'rollback', ...over },
    event: {
      point: 'before_switch',
      deployment: 'cutover/production/checkout',
      run_id: 'run-1',
      service: 'checkout',
      environment: 'production',
      target: null,
      version: '2.0.0',
      previous_version: '1.0.0',
      active: 'blue',
      candidate: 'green',
      weights: { blue: 100, green: 0 },
      reason: null,
    },
    idempotency_key: 'run-1/before_switch/migrate',
  };
}

export interface HookRun {
  note: string | null;
  error: { type?: string; message: string; nonRetryable?: boolean } | null;
  beats: unknown[];
  /** Everything that leaves the activity: answer, error and heartbeats. */
  written: string;
}

export interface HookOptions {
  scripts?: string | null;
  secrets?: Record<string, string>;
  cdn?: Cdn;
  /** Cancels the activity. */
  signal?: AbortSignal;
}

/** Runs one attempt at a hook as an activity. */
export async function runHook(input: HookInput, options: HookOptions = {}): Promise<HookRun> {
  const secrets = options.secrets ?? { SMOKE_TOKEN: SECRET };
  const activities = createWatchActivities({
    adapters: {} as Adapters,
    secrets: (name) => secrets[name],
    scripts: options.scripts,
    cdn: options.cdn,
  });
  const mock = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => {}) });
  const beats: unknown[] = [];
  mock.on('heartbeat', (details: unknown) => beats.push(details));
  options.signal?.addEventListener('abort', () => mock.cancel());
  let note: string | null = null;
  let error: HookRun['error'] = null;
  try {
    note = ((await mock.run(() => activities.runHook(input))) as { note: string }).note;
  } catch (thrown) {
    error = thrown as Error;
  }
  const cause = error === null ? null : (error as Error).cause;
  const texts = [error?.message, cause instanceof Error ? cause.message : null, JSON.stringify(error)];
  return { note, error, beats, written: JSON.stringify([note, texts, beats]) };
}
