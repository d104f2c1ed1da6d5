import { describe, expect, it } from 'vitest';
import { createExplain } from '../../../../src/adapters/metrics/prometheus/absent.ts';
import type { Found } from '../../../../src/adapters/metrics/prometheus/servers.ts';

const NOTHING: Found = { kind: 'vector', elements: [] };
const found = (value: number): Found => ({ kind: 'vector', elements: [{ labels: {}, value, histogram: null }] });
const NEEDS = { needs: ['a{x="1"}', 'b'], windowMs: 10_000 };

function asking(inside: Record<string, Found>, before: Record<string, Found>) {
  const asked: string[] = [];
  const ask = async (text: string) => {
    asked.push(text);
    const name = text.includes('(a{') ? 'a' : 'b';
    return (text.startsWith('max') ? inside[name] : before[name]) ?? found(9);
  };
  return { asked, ask };
}

describe('why there is nothing', () => {
  it.each([
    [{ a: NOTHING }, { a: NOTHING }, 'no series a{x="1"}'],
    [{ a: NOTHING }, {}, 'stale: no sample of a{x="1"} within 10s'],
    [{ b: found(1) }, {}, 'one sample of b within 10s, and it takes two'],
    [{}, {}, 'the series that the query needs do not match each other'],
    [{ a: { kind: 'no_data', reason: 'no answer' } }, {}, 'no answer'],
    [{}, { b: { kind: 'no_data', reason: 'no answer, too' } }, 'no answer, too'],
  ] satisfies [Record<string, Found>, Record<string, Found>, string][])('%#', async (inside, before, reason) => {
    const { ask } = asking(inside, before);
    expect(await createExplain()(NEEDS, ask, 0)).toBe(reason);
  });

  it('is asked once in 5 s for the same series', async () => {
    const explain = createExplain();
    const { ask, asked } = asking({ a: NOTHING }, { a: NOTHING });
    for (const nowMs of [0, 4_999]) expect(await explain(NEEDS, ask, nowMs)).toBe('no series a{x="1"}');
    expect(asked).toHaveLength(4);
    await explain(NEEDS, ask, 5_000);
    expect(asked).toHaveLength(8);
  });
});
