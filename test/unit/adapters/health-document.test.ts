import { describe, expect, it } from 'vitest';
import { lookUpCheck } from '../../../src/adapters/health-document.ts';
import { joinUrl } from '../../../src/adapters/http-read.ts';

describe('a named check', () => {
  it.each([
    ['an entry that passes', { checks: { cache: [{ status: 'pass' }] } }, 'holds'],
    ['all entries of it', { checks: { cache: [{ status: 'pass' }, { status: 'fail' }] } }, 'fails'],
    ['a warning, which is not a pass', { checks: { cache: [{ status: 'warn' }] } }, 'fails'],
    [
      'every measurement of a component',
      { checks: { 'cache:size': [{ status: 'up' }], 'cache:age': [{ status: 'ok' }] } },
      'holds',
    ],
    ['an entry without a status', { checks: { cache: [{}] } }, 'fails'],
    ['an object in place of the list', { checks: { cache: { status: 'PASS' } } }, 'holds'],
    ['a boolean among the checks', { checks: { cache: true } }, 'holds'],
    ["an Actuator component's status", { status: 'DOWN', components: { cache: { status: 'UP' } } }, 'holds'],
    [
      'a nested Actuator component',
      { components: { db: { components: { cache: { status: 'OUT_OF_SERVICE' } } } } },
      'fails',
    ],
    ['a boolean', { cache: true }, 'holds'],
    ['a boolean that is false', { cache: false }, 'fails'],
    ['nothing', { checks: { other: [{ status: 'pass' }] } }, 'absent'],
    ['an empty list', { checks: { cache: [] } }, 'absent'],
    ['a prototype', {}, 'absent'],
  ])('is read from %s', (_name, document, state) => {
    expect(lookUpCheck(document, 'cache').state).toBe(state);
    expect(lookUpCheck(document, 'constructor').state).toBe('absent');
  });

  it('may be named by component and measurement', () => {
    expect(lookUpCheck({ checks: { 'cache:preloaded': [{ status: 'pass' }] } }, 'cache_preloaded').state).toBe('holds');
  });
});

describe('a path', () => {
  it('stays below its base', () => {
    expect(joinUrl('http://127.0.0.1:1/', '/health')).toBe('http://127.0.0.1:1/health');
    expect(joinUrl('http://127.0.0.1:1/app', 'health')).toBe('http://127.0.0.1:1/app/health');
    expect(new URL(joinUrl('http://127.0.0.1:1', '//evil.example/x')).host).toBe('127.0.0.1:1');
  });
});
