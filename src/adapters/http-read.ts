/** One bounded HTTP request to a page that is not ours: bounded in time, in size, and in how it can fail. */
export interface HttpRead {
  method?: string;
  /** From the first byte sent to the last one read. */
  timeoutMs: number;
  maxBytes?: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: string;
  took_ms: number;
}

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
/** A kept-alive connection that its server has closed meanwhile: the request was not answered, and may be sent again. */
const LOST_CONNECTION = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const REPEATABLE = new Set(['GET', 'HEAD']);

/**
 * The answer, whatever its status; redirects are not followed. A GET or HEAD whose connection is lost before any answer
 * is sent once more. Throws an Error whose message is for people when there is no whole answer within `timeoutMs`, it
 * is larger than `maxBytes`, or `signal` is aborted (then its reason).
 */
export async function readHttp(url: string, read: HttpRead, signal: AbortSignal): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const controller = new AbortController();
  // Not AbortSignal.any: its derived signals pile up on a parent that lives for hours.
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const timeout = new Error(`no answer within ${read.timeoutMs} ms`);
  const timer = setTimeout(() => controller.abort(timeout), read.timeoutMs);
  try {
    return await attempt(url, read, controller.signal).catch((error: unknown) => {
      if (controller.signal.aborted || !isLostConnection(error) || !REPEATABLE.has(read.method ?? 'GET')) throw error;
      return attempt(url, read, controller.signal);
    });
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw new Error(readable(error), { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

async function attempt(url: string, read: HttpRead, signal: AbortSignal): Promise<HttpAnswer> {
  const startedAt = performance.now();
  const response = await fetch(url, {
    method: read.method ?? 'GET',
    redirect: 'manual',
    signal,
    ...(read.headers !== undefined && { headers: read.headers }),
    ...(read.body !== undefined && { body: read.body }),
  });
  const body = await bodyOf(response, read.maxBytes ?? DEFAULT_MAX_BYTES);
  return { status: response.status, headers: response.headers, body, took_ms: performance.now() - startedAt };
}

async function bodyOf(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function isLostConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && LOST_CONNECTION.has(String(cause.code));
}

/** `fetch failed` says nothing; its cause does. */
function readable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && cause.code === 'ECONNREFUSED'
    ? 'the connection was refused'
    : cause.message || error.message;
}

/** `path` below `base`, whatever slashes they have; never another host. */
export function joinUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
}
