/** Nothing that a file holds may hang or crash the reader. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorsOf, load, REQUIRED } from './support.ts';

function codesOf(text: string): string[] {
  return errorsOf([{ name: 'plan.yaml', text }], REQUIRED).map(({ code }) => code);
}

const LONG = 'a'.repeat(900_000);

describe('the reader within its bounds', () => {
  it('refuses a file of over a million characters unread', () => {
    expect(codesOf(`# ${'x'.repeat(1_000_000)}`)).toEqual(['CUTOVER_PLAN_TOO_LARGE']);
  });

  it('refuses 10 MB unread', () => {
    const text = 'service: checkout\n# '.padEnd(10_000_000, 'x');
    expect(errorsOf([{ name: 'plan.yaml', text }], REQUIRED)).toMatchObject([
      { code: 'CUTOVER_PLAN_TOO_LARGE', file: 'plan.yaml', line: 1, column: 1 },
    ]);
  });

  // A pattern that tries every way to fail would take minutes at the first of these.
  it.each([
    ['an address', `platform: {local: {url: "http://${LONG} b"}}`, 'platform.local.url'],
    ['a duration', `lease: {duration: ${'9'.repeat(900_000)}x}`, 'lease.duration'],
    ['a percentage', `lease: {shrink_to: "${'1'.repeat(900_000)}%"}`, 'lease.shrink_to'],
    ['a path', `smoke: {health: {path: "/${LONG} "}}`, 'smoke.health.path'],
    ['the place of a check', `checks: {a: {http: {get: "/${LONG} "}}}`, 'checks.a.http.get'],
    ['the address of a hook', `notifiers: [{webhook: {url: "http://${LONG}"}}]`, 'notifiers[0].webhook.url'],
    ['a safe time', `rollback_safe_until: ${'9'.repeat(900_000)}x`, 'rollback_safe_until'],
    ['a version', `version: "${LONG} "`, 'version'],
    ['a name', `service: "${LONG}-"`, 'service'],
    ['a target', `target: "${LONG}@"`, 'target'],
    ['a query', `metrics: {scrape: {queries: {q: "gauge q${' '.repeat(900_000)}x"}}}`, 'metrics.scrape.queries.q'],
    [
      'a criterion',
      `observation: {rollback_triggers: ["a${' '.repeat(900_000)}!"]}`,
      'observation.rollback_triggers[0]',
    ],
  ])('refuses %s of a megabyte within seconds, and tells it in a line', (_, text, key) => {
    const startedMs = performance.now();
    const problems = errorsOf(
      [{ name: 'plan.yaml', text }],
      REQUIRED.filter((set) => !text.startsWith(set.split('=')[0] ?? '')),
    );
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(problems).toMatchObject([{ key }]);
    expect(problems[0]?.message.length).toBeLessThan(500);
  });

  it('refuses an alias bomb', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) =>
        `l${level}: &l${level} [${Array(9)
          .fill(level === 0 ? 'x' : `*l${level - 1}`)
          .join(', ')}]`,
    );
    expect(codesOf(levels.join('\n'))).toEqual(['CUTOVER_PLAN_TOO_LARGE']);
  });

  it.each([
    ['flow', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['flow maps', '{a: '.repeat(100_000)],
    ['block lists', `${'- '.repeat(100_000)}x`],
    ['complex keys', `${'? '.repeat(100_000)}x`],
    ['indentation', Array.from({ length: 1_300 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')],
  ])('refuses endless nesting by %s', (_, text) => {
    expect(codesOf(text)).toHaveLength(1);
  });

  it.each(['- a\n', ',', ']', '&a ', '\n'])('refuses a megabyte of %j early', (part) => {
    expect(codesOf(`a: [${part.repeat(900_000 / part.length)}`)).toEqual(['CUTOVER_PLAN_TOO_LARGE']);
  });

  it('reads many keys in linear time', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n');
    expect(codesOf(text)).toHaveLength(20_000);
  });

  it('answers any text with a plan or located problems', () => {
    const words = fc.constantFrom(
      'service',
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
      '"',
      "'",
      '|',
      '#',
      '<<',
      'lease',
      'checks',
      'hooks',
      'http',
      'notifiers',
      '5m',
      '\t',
      '%',
      '!',
      '? ',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
        for (const problem of errorsOf([{ name: 'plan.yaml', text: parts.join('') }], REQUIRED)) {
          expect(problem).toMatchObject({
            code: expect.stringMatching(/^CUTOVER_PLAN_/),
            line: expect.any(Number),
            column: expect.any(Number),
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('leaves prototypes alone', () => {
    expect(codesOf('platform: {local: {env: {__proto__: {polluted: yes}}}}')).toEqual(['CUTOVER_PLAN_FORBIDDEN_TEXT']);
    expect(errorsOf([], [...REQUIRED, '__proto__.polluted=1'])).toMatchObject([
      { code: 'CUTOVER_PLAN_FORBIDDEN_TEXT' },
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(load('platform: {local: {env: {toString: x}}}').plan.platform).toMatchObject({ env: { toString: 'x' } });
  });
});
