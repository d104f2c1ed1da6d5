/** One bounded HTTP request to a page that is not ours: bounded in time, in size, and in how it can fail. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface HttpRead {
  method?: string;
  /** From the first byte sent to the last one read. */
  timeoutMs: number;
  maxBytes?: number;
  /** A larger answer is cut at `maxBytes` instead of refused: whoever answered so has done what it was asked. */
  cut?: boolean;
  headers?: Record<string, string>;
  body?: string;
  /** Over a connection that nothing else uses: whoever balances connections is asked anew. */
  ownConnection?: boolean;
  /** Connections with certificates of their own, instead of the common ones. */
  agent?: HttpsAgent | null;
}

export interface HttpAnswer {
  status: number;
  readonly headers: Headers;
  body: string;
  took_ms: number;
}

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
/** A kept-alive connection that its server has closed meanwhile: the request was not answered, and may be sent again. */
const LOST_CONNECTION = new Set(['ECONNRESET', 'EPIPE']);
const REPEATABLE = new Set(['GET', 'HEAD']);
/** A watcher comes back every second; a connection that waits for it keeps no process alive. */
const pools = {
  http: new HttpAgent({ keepAlive: true, maxFreeSockets: 4_096 }),
  https: new HttpsAgent({ keepAlive: true, maxFreeSockets: 4_096 }),
};

/**
 * The answer, whatever its status; redirects are not followed. A GET or HEAD whose connection is lost before any answer
 * is sent once more. Throws an Error whose message is for people when there is no whole answer within `timeoutMs`, it
 * is larger than `maxBytes`, or `signal` (null: there is none) is aborted (then its reason).
 */
export async function readHttp(url: string, read: HttpRead, signal: AbortSignal | null): Promise<HttpAnswer> {
  signal?.throwIfAborted();
  // Not AbortSignal.any: its derived signals pile up on a parent that lives for hours. Nor a signal per request, which
  // costs more than the request's own bookkeeping.
  let stopped: { reason: unknown } | null = null;
  let current = attempt(url, read);
  const stop = (reason: unknown) => {
    stopped ??= { reason };
    current.stop();
  };
  const abort = () => stop(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => stop(new Error(`no answer within ${read.timeoutMs} ms`)), read.timeoutMs);
  try {
    return await current.answer.catch((error: unknown) => {
      const mayRepeat = isLostConnection(error) && !current.isAnswered() && REPEATABLE.has(read.method ?? 'GET');
      if (stopped !== null || !mayRepeat) throw error;
      current = attempt(url, read);
      return current.answer;
    });
  } catch (error) {
    throw reasonOf(stopped) ?? new Error(readable(error), { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Written from a callback, so the compiler does not see that it may be there. */
function reasonOf(stopped: { reason: unknown } | null): unknown {
  return stopped?.reason;
}

interface Attempt {
  answer: Promise<HttpAnswer>;
  /** Whether anything of an answer has come. */
  isAnswered(): boolean;
  /** Gives it up: `answer` rejects. */
  stop(): void;
}

/** By node:http, which takes less processor time than `fetch`: watchers ask every second. */
function attempt(url: string, read: HttpRead): Attempt {
  const startedAt = performance.now();
  let isAnswered = false;
  let stop = () => {};
  const answer = new Promise<HttpAnswer>((resolve, reject) => {
    const target = new URL(url);
    const isTls = target.protocol === 'https:';
    const method = read.method ?? 'GET';
    const isShared = REPEATABLE.has(method) && read.ownConnection !== true;
    const sent = (isTls ? httpsRequest : httpRequest)(target, {
      method,
      headers: { accept: '*/*', 'user-agent': 'cutover', ...read.headers },
      // What must not be sent twice is not risked on a connection that its server may just be closing.
      agent: isShared ? ((isTls ? read.agent : null) ?? (isTls ? pools.https : pools.http)) : false,
    });
    stop = () => {
      reject(new Error('given up'));
      sent.destroy();
    };
    // Not once: what is given up may fail after that, too.
    sent.on('error', reject);
    sent.once('response', (response) => {
      isAnswered = true;
      bodyOf(response, read).then((body) => {
        const { statusCode: status = 0 } = response;
        const took_ms = performance.now() - startedAt;
        resolve({
          status,
          // Most readers want none of them.
          get headers() {
            return headersOf(response);
          },
          body,
          took_ms,
        });
      }, reject);
    });
    sent.end(read.body);
  });
  return { answer, isAnswered: () => isAnswered, stop: () => stop() };
}

function bodyOf(response: IncomingMessage, read: HttpRead): Promise<string> {
  const { maxBytes = DEFAULT_MAX_BYTES, cut = false } = read;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let left = maxBytes;
    response.on('data', (chunk: Buffer) => {
      if (chunk.length <= left) {
        left -= chunk.length;
        chunks.push(chunk);
        return;
      }
      response.destroy();
      if (cut) resolve(decode([...chunks, chunk.subarray(0, left)]));
      else reject(new Error(`the answer is larger than ${maxBytes} bytes`));
    });
    response.once('end', () => resolve(decode(chunks)));
    response.on('error', reject);
  });
}

function decode(chunks: Buffer[]): string {
  return new TextDecoder().decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  return headers;
}

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LOST_CONNECTION.has(String(error.code));
}

/** A name that has several addresses fails with one error for all of them, which says nothing by itself. */
function readable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ECONNREFUSED') return 'the connection was refused';
  if ('code' in error && error.code === 'ECONNRESET') return 'the connection was lost';
  return error.message || error.name;
}

/** `path` below `base`, whatever slashes they have; never another host. */
export function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
}
