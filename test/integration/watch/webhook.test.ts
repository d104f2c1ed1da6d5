import { createHmac } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWatchActivities } from '../../../src/activities/watch-activities.ts';
import type { Target } from '../../../src/activities/watch-types.ts';
import { createAdapters } from '../../../src/adapters/registry.ts';
import type { NotifyEvent } from '../../../src/adapters/types.ts';
import type { NotifierPlan } from '../../../src/plan/types.ts';
import { watchInput } from '../../support/watch-world.ts';
import { ANSWERS, type Received, type Receiver, SECRET, startReceiver } from './call-support.ts';

let receiver: Receiver;
let lines: string[];
let logged: LogEntry[];
let serial = 0;
beforeEach(async () => {
  receiver = await startReceiver();
  lines = [];
  logged = [];
});
afterEach(() => receiver.stop());

function webhook(over: Partial<NotifierPlan> = {}): NotifierPlan {
  return { kind: 'webhook', url: `${receiver.url}/hooks/T0/B0?token=abc`, secret: null, events: 'all', ...over };
}

/** No two tests tell of the same event. */
function eventOf(over: Partial<NotifyEvent> = {}): NotifyEvent {
  serial += 1;
  return {
    id: `run/${serial}`,
    at: '2026-01-01T00:00:00.000Z',
    severity: 'attention',
    deployment: 'cutover/test/checkout',
    title: 'checkout 2.0.0 was rolled back',
    detail: 'error_rate > 1 – naïve',
    ...over,
  };
}

interface Failure {
  type: string;
  message: string;
  nonRetryable: boolean;
  nextRetryDelay?: unknown;
}

/** One attempt of the activity; null: it succeeded. */
async function tell(
  event: NotifyEvent,
  notifiers: NotifierPlan[],
  secrets: Record<string, string> = { SMOKE_KEY: SECRET },
): Promise<Failure | null> {
  const localUrl = 'http://127.0.0.1:1';
  const lookUp = (name: string) => secrets[name];
  const adapters = createAdapters({ localUrl, log: (line) => lines.push(line), secrets: lookUp });
  const activities = createWatchActivities({ adapters, secrets: lookUp });
  const mock = new MockActivityEnvironment({}, { logger: new DefaultLogger('TRACE', (entry) => logged.push(entry)) });
  const target: Target = { ...watchInput({}).target, notifiers };
  return mock
    .run(() => activities.notify(event, target))
    .then(
      () => null,
      (error: Failure) => error,
    );
}

function only(): Received {
  expect(receiver.received).toHaveLength(1);
  return receiver.received[0] as Received;
}

const KEY = { env: 'SMOKE_KEY' };
const notTold = () => logged.filter(({ message }) => message.includes('not told'));

describe('a webhook', () => {
  it('is told the event with where it belongs, beside the log', async () => {
    const event = eventOf();
    expect(await tell(event, [webhook()])).toBeNull();
    const { method, headers, body } = only();
    expect(method).toBe('POST');
    expect(JSON.parse(body)).toEqual({ ...event, service: 'checkout', environment: 'test' });
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-cutover-event-id': event.id });
    expect(Math.abs(Number(headers['x-cutover-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
    expect(headers['x-cutover-signature']).toBeUndefined();
    expect(lines).toHaveLength(1);
  });

  it('signs what it sends, byte for byte', async () => {
    expect(await tell(eventOf(), [webhook({ secret: KEY })])).toBeNull();
    const { headers, body } = only();
    const expected = createHmac('sha256', SECRET).update(`${headers['x-cutover-timestamp']}.${body}`).digest('hex');
    expect(headers['x-cutover-signature']).toBe(`sha256=${expected}`);
  });

  it('fails loudly without its key, is not sent unsigned, and does not keep others from being told', async () => {
    const plans = [webhook({ secret: KEY }), webhook({ url: `${receiver.url}/other` })];
    const failure = await tell(eventOf(), plans, {});
    expect(failure).toMatchObject({ type: 'CUTOVER_NOTIFY_FAILED', nonRetryable: true });
    expect(failure?.message).toContain('1 of 3 notifiers failed');
    expect(failure?.message).toContain('the worker gives no value for SMOKE_KEY');
    expect(only().path).toBe('/other');
    expect(notTold()).toHaveLength(1);
  });

  it('for attention only is not told what went well', async () => {
    const plan = webhook({ events: 'attention' });
    await tell(eventOf({ severity: 'info' }), [plan]);
    expect(receiver.received).toEqual([]);
    await tell(eventOf(), [plan]);
    expect(receiver.received).toHaveLength(1);
  });

  it.each([200, 202, 204])('is told once when it answers %i, whatever is attempted again', async (status) => {
    receiver.answer = ANSWERS.status(status);
    const event = eventOf();
    expect(await tell(event, [webhook()])).toBeNull();
    expect(await tell(event, [webhook()])).toBeNull();
    expect(receiver.received).toHaveLength(1);
  });

  it.each([
    { name: '500', answer: ANSWERS.status(500) },
    { name: '503', answer: ANSWERS.status(503) },
    { name: '408', answer: ANSWERS.status(408) },
    { name: '429', answer: ANSWERS.status(429) },
    { name: 'a broken connection', answer: ANSWERS.reset },
  ])('is told again after $name, with the same id', async ({ answer }) => {
    receiver.answer = answer;
    const event = eventOf();
    expect(await tell(event, [webhook()])).toMatchObject({ type: 'CUTOVER_NOTIFY_FAILED', nonRetryable: false });
    expect(notTold()).toEqual([]);
    receiver.answer = ANSWERS.status(204);
    expect(await tell(event, [webhook()])).toBeNull();
    expect(receiver.received.map(({ headers }) => headers['x-cutover-event-id'])).toEqual([event.id, event.id]);
    // The log, which had been told, was not told twice.
    expect(lines).toHaveLength(1);
  });

  it('is not waited for longer than 5 s', async () => {
    receiver.answer = ANSWERS.hang;
    expect((await tell(eventOf(), [webhook()]))?.message).toContain('no answer within 5000 ms');
  });

  it('is told again when it asks for it, a minute later at most', async () => {
    receiver.answer = ANSWERS.status(429, '', { 'retry-after': '7' });
    expect(await tell(eventOf(), [webhook()])).toMatchObject({ nonRetryable: false, nextRetryDelay: 7_000 });
    receiver.answer = ANSWERS.status(503, '', { 'retry-after': '86400' });
    expect(await tell(eventOf(), [webhook()])).toMatchObject({ nextRetryDelay: 60_000 });
    receiver.answer = ANSWERS.status(503, '', { 'retry-after': 'soon' });
    expect((await tell(eventOf(), [webhook()]))?.nextRetryDelay).toBeUndefined();
  });

  it.each([
    { name: '400', answer: ANSWERS.status(400) },
    { name: '410', answer: ANSWERS.status(410) },
    { name: 'a redirect', answer: ANSWERS.status(302, '', { location: '/elsewhere' }) },
  ])('that answers $name is given up for that event, and the log says so once', async ({ answer }) => {
    receiver.answer = answer;
    const event = eventOf();
    expect(await tell(event, [webhook()])).toMatchObject({ nonRetryable: true });
    expect(await tell(event, [webhook()])).toBeNull();
    expect(receiver.received).toHaveLength(1);
    expect(notTold()).toHaveLength(1);
  });

  it('does not give up for good while another notifier may still be told', async () => {
    receiver.answer = (response, { path }) => void response.writeHead(path === '/gone' ? 410 : 500).end();
    const plans = [webhook({ url: `${receiver.url}/gone` }), webhook({ url: `${receiver.url}/down` })];
    const event = eventOf();
    expect(await tell(event, plans)).toMatchObject({ nonRetryable: false });
    await tell(event, plans);
    expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/down', '/down', '/gone']);
  });

  it('shows neither its path, which may be its password, nor its key', async () => {
    receiver.answer = ANSWERS.status(500, SECRET);
    const failure = await tell(eventOf(), [webhook({ secret: KEY })]);
    const written = JSON.stringify([
      failure,
      failure?.message,
      lines,
      logged.map(({ message, meta }) => [message, meta]),
    ]);
    expect(written).not.toMatch(/token=abc|\/T0\/|horse/);
    expect(failure?.message).toContain(new URL(receiver.url).host);
  });

  it('takes a huge answer and a name that is not ASCII', async () => {
    receiver.answer = ANSWERS.status(200, 'x'.repeat(2_000_000));
    expect(await tell(eventOf({ id: `kasse-größe/${serial}` }), [webhook()])).toBeNull();
    expect(only().headers['x-cutover-event-id']).toContain('kasse-gr%C3%B6%C3%9Fe/');
  });

  it('is absent from a run that an earlier version started', async () => {
    const { notifiers: _notifiers, ...older } = watchInput({}).target;
    const adapters = createAdapters({ localUrl: 'http://127.0.0.1:1', log: (line) => lines.push(line) });
    expect(adapters.notifiers(older as Target)).toHaveLength(1);
  });

  it('of a kind that is not known is refused', () => {
    const adapters = createAdapters({ localUrl: 'http://127.0.0.1:1', log: () => {} });
    const target = {
      ...watchInput({}).target,
      notifiers: [{ ...webhook(), kind: 'pager' } as unknown as NotifierPlan],
    };
    expect(() => adapters.notifiers(target)).toThrow('this version has no notifier "pager"');
  });
});
