/** What the client is answered: what an instance said, or the router itself. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { ErrorCode } from '../errors.ts';
import { SERVED_BY_HEADER } from './api.ts';
import { endToEndHeaders } from './headers.ts';

/**
 * - `done`: an answer was passed on, whole or as far as both sides went; `cut`: the instance broke off midway.
 * - `failed`: nothing of an answer came. `retryable`: the instance cannot have seen the request, or it may see it twice.
 */
export type ForwardResult =
  | { kind: 'done'; cut: boolean }
  | { kind: 'failed'; retryable: boolean; refused: boolean; timedOut: boolean; reason: string };

export interface Upstream {
  port: number;
  /** Value of the answer's X-Cutover-Served-By. */
  servedBy: string;
  /** A cookie that the answer sets beside the application's own; null: none. */
  setCookie: string | null;
}

/** How long an instance may leave a request without the first byte of an answer. */
export const ANSWER_TIMEOUT_MS = 120_000;

/** Name, value, name, value … of an instance's answer as the client gets it. */
export function answerHeaders(incoming: IncomingMessage, { servedBy, setCookie }: Upstream): string[] {
  const cookie = setCookie === null ? [] : ['Set-Cookie', setCookie];
  return [...endToEndHeaders(incoming), SERVED_BY_HEADER, servedBy, ...cookie];
}

/** Begins to pass an answer on. `onCut` is called when the instance, and not the client, breaks it off. */
export function passOn(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
  onCut: () => void,
): void {
  try {
    response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage ?? '', answerHeaders(incoming, upstream));
  } catch (error) {
    // Node reads some status lines that it refuses to write.
    answer(response, 502, 'CUTOVER_PLATFORM_UNREACHABLE', `the instance's answer is malformed: ${String(error)}`);
    incoming.destroy();
    return;
  }
  const breakOff = () => {
    if (!incoming.complete && !response.destroyed) onCut();
  };
  incoming.once('error', breakOff);
  incoming.once('close', breakOff);
  incoming.pipe(response);
}

/** An answer of the router's own, unless one has begun or the client has left. */
export function answer(response: ServerResponse, status: number, code: ErrorCode, message: string): void {
  if (response.destroyed || response.headersSent) return;
  const body = JSON.stringify({ code, message });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  // With its reason named: one that was refused before would be taken again.
  response.writeHead(status, STATUS_CODES[status] ?? '', headers);
  response.end(body);
}

export function wasRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}

export function reasonOf(error: unknown, timedOut: boolean): string {
  return timedOut ? `no answer within ${ANSWER_TIMEOUT_MS} ms` : String(error);
}
