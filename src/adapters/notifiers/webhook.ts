/** The notifier `webhook`: one signed POST per event. docs/operations.md shows how a receiver verifies it. */
import { createHmac } from 'node:crypto';
import { CutoverError } from '../../errors.ts';
import { DeliveryError } from '../delivery-error.ts';
import { readHttp } from '../http-read.ts';
import type { Notifier, NotifyEvent } from '../types.ts';
import { createTold } from './told.ts';

export interface WebhookOptions {
  url: string;
  service: string;
  environment: string;
  /** Name and value of the signature's key; undefined value: this worker has none. Null: unsigned. */
  secret: { name: string; value: string | undefined } | null;
  events: 'attention' | 'all';
  /** Epoch milliseconds; for tests. */
  now?: (() => number) | undefined;
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 16 * 1024;
const MAX_WAIT_MS = 60_000;
/** Beside every 5xx: the receiver may take the same event a little later. */
const WORTH_ANOTHER = new Set([408, 425, 429]);

const told = createTold();

/**
 * Any 2xx is taken; redirects are not followed. Throws a DeliveryError: worth another attempt when nothing was answered,
 * on 408, 425, 429 (after `Retry-After`, 60 s at most) and 5xx; otherwise for good, and the event is not sent again.
 * CUTOVER_NOTIFY_SECRET when there is no key to sign with: it is never sent unsigned then. Deduplicates within this
 * process; a receiver sees the same `X-Cutover-Event-Id` again when an answer was lost.
 */
export function createWebhookNotifier(options: WebhookOptions): Notifier {
  const { url, secret } = options;
  const host = hostOf(url);
  return {
    kind: 'webhook',
    async send(event, signal) {
      signal.throwIfAborted();
      const id = `${url} ${event.id}`;
      if (told.has(id) || (options.events === 'attention' && event.severity === 'info')) return;
      const { headers, body } = signed(event, options);
      const answer = await readHttp(
        url,
        { method: 'POST', timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, cut: true, headers, body },
        signal,
      ).catch((error: unknown) => {
        signal.throwIfAborted();
        throw new DeliveryError(`the webhook at ${host}: ${error instanceof Error ? error.message : error}`, true);
      });
      const { status } = answer;
      if (status >= 200 && status < 300) return told.add(id);
      const isWorthAnother = status >= 500 || WORTH_ANOTHER.has(status);
      if (!isWorthAnother) told.add(id);
      const hint = status >= 300 && status < 400 ? ' (redirects are not followed)' : '';
      const waitMs = isWorthAnother ? retryAfterMs(answer.headers.get('retry-after'), Date.now()) : null;
      throw new DeliveryError(`the webhook at ${host} answered ${status}${hint}`, isWorthAnother, waitMs);
    },
  };

  function signed(event: NotifyEvent, { service, environment, now = Date.now }: WebhookOptions) {
    const { id, at, severity, deployment, title, detail } = event;
    const body = JSON.stringify({ id, at, severity, deployment, title, detail, service, environment });
    const timestamp = String(Math.floor(now() / 1000));
    const headers = {
      'content-type': 'application/json',
      'x-cutover-event-id': asHeader(id),
      'x-cutover-timestamp': timestamp,
    };
    if (secret === null) return { headers, body };
    if (secret.value === undefined || secret.value === '') {
      const message = `the webhook at ${host} is not told: the worker gives no value for ${secret.name}`;
      throw new CutoverError('CUTOVER_NOTIFY_SECRET', message);
    }
    return { headers: { ...headers, 'x-cutover-signature': signatureOf(secret.value, timestamp, body) }, body };
  }
}

/** `sha256=` and the HMAC-SHA256 of `<timestamp>.<body>` in hexadecimal. */
export function signatureOf(key: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')}`;
}

/**
 * Milliseconds to wait by `Retry-After` (RFC 9110, 10.2.3: seconds or a date), 60 s at most. Null: it says nothing that
 * can be read.
 */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const ms = /^\d+$/.test(value.trim()) ? 1000 * Number(value) : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(MAX_WAIT_MS, Math.max(0, ms));
}

/** A service's name is part of an event's id, and need not be ASCII. */
function asHeader(text: string): string {
  return encodeURI(text);
}

/** Without path and query: those of a chat's webhook are its password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an address that is none';
}
