import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { retryAfterMs, signatureOf } from '../../../src/adapters/notifiers/webhook.ts';
import { packageRoot } from '../../../src/package-root.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

describe('the signature', () => {
  it('is the HMAC-SHA256 of timestamp, dot and body, in hexadecimal', () => {
    const hex = createHmac('sha256', 'key').update('1767225600.{"id":"1"}').digest('hex');
    expect(signatureOf('key', '1767225600', '{"id":"1"}')).toBe(`sha256=${hex}`);
  });
});

describe('the receiver in the documentation', () => {
  const page = readFileSync(join(packageRoot(), 'docs/operations.md'), 'utf8');
  const snippet = /```js\n(import \{ createHmac[\s\S]*?)```/.exec(page)?.[1] ?? '';
  const source = snippet.replace(/^import .*$/m, '').replace('export function', 'return function');
  type Verify = (headers: Record<string, string>, body: string, key: string, nowMs: number) => boolean;
  const verify = new Function('createHmac', 'timingSafeEqual', source)(createHmac, timingSafeEqual) as Verify;

  const body = '{"id":"run/1","title":"größer"}';
  const timestamp = String(NOW_MS / 1000);
  const headers = { 'x-cutover-timestamp': timestamp, 'x-cutover-signature': signatureOf('key', timestamp, body) };

  it('takes what was signed with the same key', () => {
    expect(verify(headers, body, 'key', NOW_MS + 1_000)).toBe(true);
  });

  it.each([
    { name: 'another key', given: headers, text: body, key: 'other', nowMs: NOW_MS },
    { name: 'another body', given: headers, text: `${body} `, key: 'key', nowMs: NOW_MS },
    {
      name: 'another time',
      given: { ...headers, 'x-cutover-timestamp': '1767225601' },
      text: body,
      key: 'key',
      nowMs: NOW_MS,
    },
    { name: 'an old message', given: headers, text: body, key: 'key', nowMs: NOW_MS + 301_000 },
    { name: 'no signature', given: { 'x-cutover-timestamp': timestamp }, text: body, key: 'key', nowMs: NOW_MS },
    {
      name: 'no time',
      given: { 'x-cutover-signature': headers['x-cutover-signature'] },
      text: body,
      key: 'key',
      nowMs: NOW_MS,
    },
  ])('refuses $name', ({ given, text, key, nowMs }) => {
    expect(verify(given as Record<string, string>, text, key, nowMs)).toBe(false);
  });
});

describe('Retry-After', () => {
  it.each([
    [null, null],
    ['0', 0],
    ['7', 7_000],
    ['3600', 60_000],
    ['Thu, 01 Jan 2026 00:00:09 GMT', 9_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', null],
  ])('%s is %s ms', (value, expected) => {
    expect(retryAfterMs(value, NOW_MS)).toBe(expected);
  });
});
