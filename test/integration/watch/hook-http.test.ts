import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANSWERS, hookInput, httpCall, type Receiver, runHook, SECRET, startReceiver } from './call-support.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.stop());

const TOKEN = { env: 'SMOKE_TOKEN' };

describe('an HTTP hook', () => {
  it('sends the event and its own data, with its idempotency key, and tells what was answered', async () => {
    receiver.answer = ANSWERS.status(201, 'migration 42 applied\n');
    const input = hookInput(httpCall(`${receiver.url}/migrate`, { json: { database: 'shop', token: TOKEN } }));
    expect((await runHook(input)).note).toBe('migration 42 applied');
    const [request] = receiver.received;
    expect(request).toMatchObject({ method: 'POST', path: '/migrate' });
    expect(request?.headers).toMatchObject({
      'idempotency-key': 'run-1/before_switch/migrate',
      'content-type': 'application/json',
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({ event: input.event, data: { database: 'shop', token: SECRET } });
  });

  it('has the same key at every attempt, and null for data when it has none', async () => {
    const input = hookInput(httpCall(receiver.url));
    expect((await runHook(input)).note).toBe('done');
    await runHook(input);
    expect(receiver.received.map(({ headers }) => headers['idempotency-key'])).toEqual(
      Array(2).fill('run-1/before_switch/migrate'),
    );
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ data: null });
  });

  it('with GET sends no body', async () => {
    await runHook(hookInput(httpCall(receiver.url, { method: 'GET' })));
    expect(receiver.received[0]).toMatchObject({ method: 'GET', body: '' });
    expect(receiver.received[0]?.headers['content-type']).toBeUndefined();
  });

  it.each([
    {
      name: 'a server error',
      answer: ANSWERS.status(500, 'out of order'),
      message: 'expected 2xx, answered 500: out of',
    },
    { name: 'a redirect', answer: ANSWERS.status(307, '', { location: '/' }), message: 'redirects are not followed' },
    { name: 'silence', answer: ANSWERS.hang, message: 'no answer within 300 ms' },
    { name: 'an answer without an end', answer: ANSWERS.drip, message: 'no answer within 300 ms' },
    { name: 'a broken connection', answer: ANSWERS.reset, message: 'hook migrate: ' },
  ])('fails on $name, worth another attempt', async ({ answer, message }) => {
    receiver.answer = answer;
    const { error } = await runHook(hookInput(httpCall(receiver.url), { timeout_ms: 300 }));
    expect(error).toMatchObject({ type: 'CUTOVER_HOOK_FAILED', nonRetryable: false });
    expect(error?.message).toContain(message);
    // What was sent is not sent again by itself: nobody knows whether it was done.
    expect(receiver.received).toHaveLength(1);
  });

  it('fails when nobody listens, and on the status that the plan does not want', async () => {
    receiver.answer = ANSWERS.status(200);
    const wrong = await runHook(hookInput(httpCall(receiver.url, { status: 202 })));
    expect(wrong.error?.message).toBe('hook migrate: expected 202, answered 200');
    await receiver.stop();
    const refused = await runHook(hookInput(httpCall(receiver.url)));
    expect(refused.error?.message).toContain('the connection was refused');
    receiver = await startReceiver();
  });

  it('takes an answer of any size, and shows the beginning', async () => {
    receiver.answer = ANSWERS.status(200, 'x'.repeat(3_000_000));
    const { note } = await runHook(hookInput(httpCall(receiver.url)));
    expect(note).toBe(`${'x'.repeat(200)}…`);
  });

  it('never shows a secret that is echoed, in whatever form', async () => {
    receiver.answer = (response, { body, headers }) => {
      const token = String(headers.authorization);
      response.end(`${token} ${Buffer.from(SECRET).toString('base64')} ${body.slice(-80)}`);
    };
    const call = httpCall(receiver.url, { headers: { authorization: TOKEN }, json: { token: TOKEN } });
    const { note, written } = await runHook(hookInput(call));
    expect(receiver.received[0]?.headers.authorization).toBe(SECRET);
    expect(note).toContain('{env: SMOKE_TOKEN} {env: SMOKE_TOKEN}');
    expect(written).not.toMatch(/horse|staple/);
  });

  it('never shows a secret in its error either', async () => {
    receiver.answer = ANSWERS.status(403, `no entry with ${SECRET}`);
    const { error, written } = await runHook(hookInput(httpCall(receiver.url, { headers: { authorization: TOKEN } })));
    expect(error?.message).toContain('answered 403: no entry with {env: SMOKE_TOKEN}');
    expect(written).not.toMatch(/horse|staple/);
  });

  it('is not sent without its secret, or with one that would end its header', async () => {
    const call = httpCall(receiver.url, { headers: { authorization: TOKEN } });
    const missing = await runHook(hookInput(call), { secrets: {} });
    expect(missing.error?.message).toContain('the worker gives no value for SMOKE_TOKEN');
    const split = await runHook(hookInput(call), { secrets: { SMOKE_TOKEN: 'a\r\nx-admin: 1' } });
    expect(split.error?.message).toContain('cannot stand in a header');
    expect(split.written).not.toContain('x-admin');
    expect(receiver.received).toEqual([]);
  });

  it('is not sent to an address with credentials, and does not show them', async () => {
    const url = receiver.url.replace('http://', 'http://ana:hunter2@');
    const { error, written } = await runHook(hookInput(httpCall(url)));
    expect(error?.message).toContain('credentials in a URL are not sent');
    expect(written).not.toContain('hunter2');
  });

  it('heartbeats while it waits, and ends at once when it is cancelled', async () => {
    receiver.answer = ANSWERS.hang;
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), 2_300);
    const { error, beats } = await runHook(hookInput(httpCall(receiver.url), { timeout_ms: 60_000 }), {
      signal: cancel.signal,
    });
    expect(error).toMatchObject({ name: 'CancelledFailure' });
    expect(beats).toEqual(['hook migrate', 'hook migrate']);
  });
});
