/** The application with WebSockets, and a client of it. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { SERVED_BY_HEADER, type ServiceDefinitionInput } from '../../../src/local/api.ts';
import type { LocalClient } from '../../../src/local/client.ts';
import type { Colour } from '../../../src/plan/types.ts';
import { SERVICE, untilReady } from './support.ts';

export const SOCKETS_COMMAND = [process.execPath, fileURLToPath(new URL('./apps/sockets.mjs', import.meta.url))];
const LIMIT_MS = 20_000;

/** One instance of the application on each colour; returns its public URL. */
export async function runSockets(client: LocalClient, options: Partial<ServiceDefinitionInput> = {}): Promise<string> {
  await client.define(SERVICE, { command: SOCKETS_COMMAND, health_path: '/', drain_timeout_ms: 10_000, ...options });
  await client.deploy(SERVICE, 'blue', { version: '1.0.0', replicas: 1 });
  await client.deploy(SERVICE, 'green', { version: '2.0.0', replicas: 1 });
  return (await untilReady(client)).public_url;
}

export interface OpenSocket {
  socket: WebSocket;
  colour: Colour;
  /** Of the answer to the handshake. */
  answer: IncomingMessage;
  /** Headers of the handshake as the application saw them. */
  seen: Record<string, string>;
  /** Sends a message and resolves with what comes back. */
  echo(message: string | Buffer): Promise<Buffer>;
  /** Resolves with the close code once it has ended. */
  ended: Promise<number>;
}

/** Rejects when the handshake is refused. */
export async function openSocket(url: string, path = '/', options: ClientOptions = {}): Promise<OpenSocket> {
  const socket = new WebSocket(url.replace('http:', 'ws:') + path, options);
  onTestFinished(() => socket.terminate());
  const limit = { signal: AbortSignal.timeout(LIMIT_MS) };
  const ended = new Promise<number>((resolve) => socket.once('close', resolve));
  const [[answer], [first]] = (await Promise.all([once(socket, 'upgrade', limit), once(socket, 'message', limit)])) as [
    [IncomingMessage],
    [Buffer],
  ];
  const [colour] = String(answer.headers[SERVED_BY_HEADER.toLowerCase()]).split('/') as [Colour];
  const echo = async (message: string | Buffer) => {
    const back = once(socket, 'message', limit) as Promise<[Buffer]>;
    socket.send(message);
    return (await back)[0];
  };
  return { socket, colour, answer, seen: JSON.parse(String(first)), echo, ended };
}

export interface Refusal {
  status: number;
  text: string;
  headers: IncomingMessage['headers'];
}

/** The answer to a handshake that must not succeed; rejects when there is none, or half of one. */
export async function refusedSocket(url: string, path = '/', options: ClientOptions = {}): Promise<Refusal> {
  const socket = new WebSocket(url.replace('http:', 'ws:') + path, options);
  const limit = { signal: AbortSignal.timeout(LIMIT_MS) };
  const [, answer] = (await once(socket, 'unexpected-response', limit)) as [unknown, IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString(), headers: answer.headers };
}

export interface OpenStream {
  colour: Colour;
  /** Sends a part and resolves once it has come back; rejects when the answer is broken off. */
  echo(part: string): Promise<void>;
  /** Ends the request and resolves with the whole answer. */
  end(): Promise<string>;
  /** Resolves once the answer is over; rejects when it was broken off. */
  over: Promise<void>;
}

/** A request whose answer has begun, and lasts as long as the test wants. */
export async function openStream(url: string): Promise<OpenStream> {
  const call = request(`${url}/stream`, { method: 'POST', agent: false });
  onTestFinished(() => void call.destroy());
  call.on('error', () => undefined);
  call.write('begin ');
  const limit = { signal: AbortSignal.timeout(LIMIT_MS) };
  const [answer] = (await once(call, 'response', limit)) as [IncomingMessage];
  const [colour] = String(answer.headers[SERVED_BY_HEADER.toLowerCase()]).split('/') as [Colour];
  let text = '';
  answer.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const over = once(answer, 'end').then(() => undefined);
  over.catch(() => undefined);
  return {
    colour,
    over,
    async echo(part) {
      call.write(part);
      while (!text.endsWith(part)) await once(answer, 'data', limit);
    },
    async end() {
      call.end();
      await over;
      return text;
    },
  };
}
