/** An HTTP request that a plan describes: a hook, or a named check. */
import { type HttpAnswer, readHttp } from '../adapters/http-read.ts';
import type { HttpCall } from '../plan/types.ts';
import { fillHeaders, fillSecrets, type Secrets } from './call-values.ts';
import { expectStatus } from './smoke-run.ts';

/** What is read of an answer; the rest is not waited for. */
const MAX_BYTES = 64 * 1024;

export interface HttpAsk {
  url: string;
  /** What is sent for the call's own JSON, its secrets filled in; absent: that, if there is any. */
  wrap?(json: unknown): unknown;
  /** Names in lower case; the call's own of the same name go before them. */
  headers?: Record<string, string>;
  timeoutMs: number;
  secrets: Secrets;
  signal: AbortSignal;
}

/** `wrong`: how the status is not the expected one, for people; null: it is. Throws an Error when nothing was answered. */
export async function askHttp(call: HttpCall, ask: HttpAsk): Promise<HttpAnswer & { wrong: string | null }> {
  const { protocol, username, password } = new URL(ask.url);
  // The client's own message for it would show them.
  if (username !== '' || password !== '') throw new Error('credentials in a URL are not sent: use a header');
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new Error(`expected an http or https URL, found ${protocol}`);
  const own = fillSecrets(call.json, ask.secrets);
  const json = ask.wrap === undefined ? own : ask.wrap(own);
  const hasBody = json !== null && call.method !== 'GET' && call.method !== 'HEAD';
  const answer = await readHttp(
    ask.url,
    {
      method: call.method,
      timeoutMs: ask.timeoutMs,
      maxBytes: MAX_BYTES,
      cut: true,
      headers: {
        ...(hasBody && { 'content-type': 'application/json' }),
        ...ask.headers,
        ...fillHeaders(call.headers, ask.secrets),
      },
      ...(hasBody && { body: JSON.stringify(json) }),
    },
    ask.signal,
  );
  return { ...answer, wrong: expectStatus(answer.status, call.status) };
}
