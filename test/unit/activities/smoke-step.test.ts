import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Captured, captureFrom, fillStep } from '../../../src/activities/smoke-step.ts';
import type { SmokeStep } from '../../../src/plan/types.ts';

const SECRETS: Record<string, string> = { SMOKE_PASSWORD: 'open "sesame"', SMOKE_LINES: 'two\r\nlines' };

function fill(step: Partial<SmokeStep>, captured: Record<string, Captured> = {}) {
  const whole: SmokeStep = {
    ...{ method: 'POST', path: '/', headers: {}, json: null, status: null, timeout_ms: 1_000, capture: {} },
    ...step,
  };
  return fillStep(whole, {
    captured: new Map(Object.entries(captured)),
    secret(name) {
      const value = SECRETS[name];
      if (value === undefined) throw new Error(`no ${name}`);
      return value;
    },
  });
}

describe('a step with values', () => {
  it('has them in path, headers and body', () => {
    const filled = fill(
      {
        path: '/orders/{{order}}?by={{ user }}',
        headers: { Authorization: 'Bearer {{token}}', 'X-Key': { env: 'SMOKE_PASSWORD' } },
        json: { order: '{{order}}', note: 'for {{user}}', all: [{ password: { env: 'SMOKE_PASSWORD' } }, 5, null] },
      },
      { order: 17, user: 'Ada & co/1', token: 't' },
    );
    expect(filled.path).toBe('/orders/17?by=Ada%20%26%20co%2F1');
    expect(filled.headers).toEqual({
      authorization: 'Bearer t',
      'x-key': 'open "sesame"',
      'content-type': 'application/json',
    });
    expect(JSON.parse(filled.body ?? '')).toEqual({
      order: 17,
      note: 'for Ada & co/1',
      all: [{ password: 'open "sesame"' }, 5, null],
    });
  });

  it('keeps its own content type, and has none without a body', () => {
    const headers = { 'content-type': 'application/merge-patch+json' };
    expect(fill({ headers, json: {} }).headers).toEqual(headers);
    expect(fill({})).toEqual({ path: '/', headers: {} });
  });

  it('does not look again at what it has filled in', () => {
    const filled = fill({ path: '/{{a}}', json: ['{{a}}', 'x{{a}}'] }, { a: '{{b}}', b: 'deep' });
    expect(JSON.parse(filled.body ?? '')).toEqual(['{{b}}', 'x{{b}}']);
    expect(filled.path).toBe('/%7B%7Bb%7D%7D');
  });

  it('never leaves its path, its line or its text, whatever was captured', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (value) => {
        const { path, body } = fill({ path: '/a/{{v}}/b', json: { v: '{{v}}', w: '-{{v}}' } }, { v: value });
        expect(path).toMatch(/^\/a\/[^/?#\s]*\/b$/);
        expect(JSON.parse(body ?? '')).toEqual({ v: value, w: `-${value}` });
      }),
    );
  });

  it.each([
    ['a header of two lines', { headers: { 'X-A': '{{v}}' } }, 'the header X-A'],
    ['a secret of two lines in a header', { headers: { 'X-A': { env: 'SMOKE_LINES' } } }, 'the header X-A'],
    ['a value that nobody captured', { path: '/{{w}}' }, '{{w}}'],
    ['a secret that the worker does not have', { json: { env: 'HOME' } }, 'no HOME'],
  ])('is not sent with %s, and no value is told', (_title, step, message) => {
    const filling = () => fill(step, { v: 'hidden\nvalue' });
    expect(filling).toThrow(message);
    expect(filling).not.toThrow(/hidden|lines$/);
  });
});

describe('a capture', () => {
  const body = '{"token": "t", "n": 0, "items": [{"id": "a b"}, {"id": true}], "none": null, "__proto__": {"x": 1}}';

  it.each([
    ['$.token', 't'],
    ['$.n', 0],
    ['$.items[0].id', 'a b'],
    ['$["items"][-1]["id"]', true],
  ])('finds %s', (path, value) => {
    expect(captureFrom(body, { it: path })).toEqual(new Map([['it', value]]));
  });

  it.each([
    ['$.missing', 'nothing'],
    ['$.none', 'null'],
    ['$.items', 'a list'],
    ['$.items[0]', 'a map'],
    ['$.token.length', 'nothing'],
    ['$.constructor', 'nothing'],
    ['$.toString', 'nothing'],
  ])('of %s says that it found %s', (path, found) => {
    expect(() => captureFrom(body, { it: path })).toThrow(`expected a value at ${path} for {{it}}, found ${found}`);
  });

  it('needs JSON, and does not show what it got instead', () => {
    expect(() => captureFrom('secret page', { it: '$.a' })).toThrow('expected JSON to capture from, found no JSON');
    expect(() => captureFrom('', { it: '$.a' })).toThrow('an empty answer');
    expect(captureFrom('secret page', {})).toEqual(new Map());
  });

  it('is bounded', () => {
    expect(() => captureFrom(JSON.stringify('x'.repeat(20_000)), { it: '$' })).toThrow('16384 characters');
    expect(captureFrom(`${'['.repeat(5_000)}${']'.repeat(5_000)}`, {})).toEqual(new Map());
    expect(() => captureFrom(`${'['.repeat(5_000)}${']'.repeat(5_000)}`, { it: '$[0][0]' })).toThrow('a list');
  });
});
