import { describe, expect, it } from 'vitest';
import { dependenciesIn } from '../../../src/adapters/dependency-document.ts';
import type { JsonObject } from '../../../src/adapters/health-document.ts';

function bad(document: JsonObject): string[] {
  return dependenciesIn(document).flatMap(({ name, healthy, detail }) => (healthy ? [] : [`${name}: ${detail}`]));
}

describe('the dependencies of a document', () => {
  it.each<[string, JsonObject]>([
    ['a map', { dependencies: { redis: { status: 'healthy' }, mail: { status: 'down' } } }],
    ['a map of words', { status: 'ok', dependencies: { redis: 'ok', mail: 'down' } }],
    [
      'a list',
      {
        dependencies: [
          { name: 'redis', status: 'UP' },
          { name: 'mail', status: 'down' },
        ],
      },
    ],
    [
      'health+json',
      { checks: { 'redis:connections': [{ status: 'pass' }], mail: [{ status: 'pass' }, { status: 'down' }] } },
    ],
    ['Actuator', { status: 'UP', components: { redis: { status: 'UP' }, mail: { status: 'down' } } }],
    ['a plain object', { version: '2.0.0', region: 'eu', redis: true, mail: 'down', uptime: 5 }],
    ['a plain object of objects', { redis: { healthy: true }, mail: { state: 'down' }, build: { commit: 'a' } }],
  ])('are found in %s', (_title, document) => {
    expect(bad(document)).toEqual(['mail: down']);
    expect(dependenciesIn(document).length).toBeGreaterThan(1);
  });

  it('are found within each other, by the whole name', () => {
    const inner = { components: { primary: { status: 'UP' }, replica: { status: 'OUT_OF_SERVICE' } }, status: 'DOWN' };
    expect(bad({ components: { db: inner } })).toEqual(['db.replica: OUT_OF_SERVICE']);
  });

  it.each<[string, unknown, string]>([
    ['false', false, 'false'],
    ['a warning', 'warn', 'warn'],
    ['a word of nobody', 'so-so', 'so-so'],
    ['no status', { latency: 5 }, 'no status'],
    ['null', null, 'no status'],
  ])('are not healthy with %s', (_title, entry, detail) => {
    expect(bad({ dependencies: { mail: entry } })).toEqual([`mail: ${detail}`]);
  });

  it('may be none', () => {
    expect(dependenciesIn({})).toEqual([]);
    expect(dependenciesIn({ status: 'healthy', timestamp: 'now' })).toEqual([]);
    expect(dependenciesIn({ dependencies: {} })).toEqual([]);
  });

  it('end at a depth', () => {
    let document: JsonObject = { status: 'DOWN' };
    for (let depth = 0; depth < 1_000; depth += 1) document = { components: { a: document }, status: 'UP' };
    expect(dependenciesIn(document)).toHaveLength(1);
  });
});
