import { describe, expect, it } from 'vitest';
import { inCalls, MAX_QUERIES } from '../../../../src/adapters/metrics/cloudwatch/call.ts';
import type { Definition } from '../../../../src/adapters/metrics/cloudwatch/definitions.ts';
import { isName, namesIn, renamed } from '../../../../src/plan/metric-math.ts';

function definition(id: string, needs: Definition[] = []): Definition {
  return { id, query: {}, needs, about: id };
}

describe('calls', () => {
  it('are one for up to 500 queries, with what expressions name', () => {
    const shared = definition('requests');
    const wanted = [...Array.from({ length: 499 }, (_, index) => definition(`e${index}`, [shared])), shared];
    const calls = inCalls(wanted);
    expect(calls.map((call) => call.length)).toEqual([MAX_QUERIES]);
    expect(calls[0]?.find(({ Id }) => Id === 'requests')).toMatchObject({ ReturnData: true });
  });

  it('are two above that, each with all that its expressions name', () => {
    const shared = definition('requests');
    const calls = inCalls(Array.from({ length: 600 }, (_, index) => definition(`e${index}`, [shared])));
    expect(calls.map((call) => call.length)).toEqual([500, 102]);
    for (const call of calls) expect(call.find(({ Id }) => Id === 'requests')).toMatchObject({ ReturnData: false });
  });
});

describe('names of metric math', () => {
  it.each([
    ['100 * responses_5xx / requests', ['responses_5xx', 'requests']],
    ['SUM([a, b, a]) + FILL(c, REPEAT) * 1e5', ['a', 'b', 'c']],
    ["SUM(SEARCH('{Shop,Colour} orders', 'Sum', 60)) / requests", ['requests']],
    ['SELECT AVG(latency) FROM "Shop" WHERE colour = \'green\'', []],
    ['IF(requests > 0.5, m1, 0)', ['requests', 'm1']],
  ])('in %s are %j', (text, names) => {
    expect(namesIn(text)).toEqual(names);
  });

  it('are put in where they stand for a series', () => {
    expect(renamed("a / SUM(SEARCH('a b', 'Sum', 60)) + aa", (name) => `x_${name}`)).toBe(
      "x_a / SUM(SEARCH('a b', 'Sum', 60)) + x_aa",
    );
    expect([' orders ', 'orders / 2', 'SUM(a)'].map(isName)).toEqual([true, false, false]);
  });
});
