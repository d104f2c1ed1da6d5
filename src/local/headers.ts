/** Headers that belong to one connection only (RFC 9110, 7.6.1), and those that a proxy adds. */
import type { IncomingMessage } from 'node:http';
import { SERVED_BY_HEADER } from './api.ts';

const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/** Frame the request; a client that names them in Connection must not have its body read as another request. */
const NEVER_DROPPED = new Set(['transfer-encoding', 'content-length', 'host']);

/** `expect` goes too: this server has answered it. */
export function dropHopByHop(request: IncomingMessage): void {
  for (const name of [...HOP_BY_HOP, ...connectionTokens(request.headers.connection), 'expect']) {
    if (!NEVER_DROPPED.has(name)) delete request.headers[name];
  }
}

/** Name, value, name, value … as the instance sent them. */
export function endToEndHeaders(incoming: IncomingMessage): string[] {
  const dropped = new Set([
    ...HOP_BY_HOP,
    ...connectionTokens(incoming.headers.connection),
    SERVED_BY_HEADER.toLowerCase(),
  ]);
  const kept: string[] = [];
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    const name = incoming.rawHeaders[index] ?? '';
    if (!dropped.has(name.toLowerCase())) kept.push(name, incoming.rawHeaders[index + 1] ?? '');
  }
  return kept;
}

/** Who asked, unless a proxy in front has said so: what httpxy adds to other requests. */
export function addForwarded(request: IncomingMessage): void {
  const { headers, socket } = request;
  headers['x-forwarded-for'] ??= socket.remoteAddress ?? '';
  headers['x-forwarded-port'] ??= /:(\d+)$/.exec(headers.host ?? '')?.[1] ?? '80';
  headers['x-forwarded-proto'] ??= 'http';
  headers['x-forwarded-host'] ??= headers.host ?? '';
}

export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function connectionTokens(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(',').map((token) => token.trim().toLowerCase());
}
