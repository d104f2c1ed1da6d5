import { describe, expect, it } from 'vitest';
import { isMet } from '../../../bench/lib/figure.ts';
import { createPageWriter } from '../../../bench/lib/fleet/page.ts';
import { cpuPercent, lagP99, type Reading } from '../../../bench/lib/fleet/readings.ts';
import { createFleetService } from '../../../bench/lib/fleet/service.ts';
import { eachOf } from '../../../bench/lib/fleet/stage.ts';
import { parsePage } from '../../../src/adapters/metrics/scrape/page.ts';
import { createRouterReader } from '../../../src/adapters/metrics/scrape/router-page.ts';

describe('a service of the fleet', () => {
  const fence = { run: 'bench', epoch: 1, step: 0 };

  it('orders writes as the local program does, and remembers when it went back', () => {
    const service = createFleetService('one');
    const green = { blue: 0, green: 100 };
    const back = { blue: 100, green: 0 };
    expect(service.write(null, fence, '1').kind).toBe('written');
    expect(service.write(green, { ...fence, step: 1 }, '1').kind).toBe('conflict');
    expect(service.write(green, { ...fence, step: 1 }, '2').kind).toBe('written');
    expect(service.write(green, { ...fence, step: 1 }, '2').kind).toBe('already');
    expect(service.fate()).toEqual({ service: 'one', broken_ms: null, back_ms: null });
    service.break();
    expect(service.write(back, { ...fence, step: 2 }, '3').kind).toBe('written');
    expect(service.write(green, { ...fence, step: 1 }, '4').kind).toBe('superseded');
    expect(service.fate()).toMatchObject({ broken_ms: expect.any(Number), back_ms: expect.any(Number) });
  });

  it('has the instances that were asked for', () => {
    const service = createFleetService('one');
    expect(service.deploy('green', { version: '2.0.0', replicas: 2 })).toMatchObject({ desired: 2, ready: 2 });
    expect(service.view().colours).toMatchObject({ blue: { version: '1.0.0' }, green: { version: '2.0.0' } });
  });

  it("shows its counts on a page that is read like the local program's", async () => {
    const write = await createPageWriter('fleet');
    const page = parsePage(write({ blue: { good: 10, bad: 0 }, green: { good: 5, bad: 3 } }));
    const { ids, values } = createRouterReader()(page);
    const counted = ids.flatMap(({ colour, family, label }, index) =>
      values[index] === 0 ? [] : [`${colour} ${family} ${label} ${values[index]}`],
    );
    expect(counted).toEqual([
      'blue code 200 10',
      'blue le 0.014 10',
      'green code 200 5',
      'green code 500 3',
      'green le 0.014 8',
    ]);
  });
});

describe("what is worked out from two readings of a worker's metrics", () => {
  const reading = (at_ms: number, cpu_seconds: number, counts: number[]): Reading => ({
    ...{ at_ms, cpu_seconds, watchers: 1, judged: 0, missed: 0, evictions: 0, resident_bytes: 0 },
    lags: [0.01, 1, Number.POSITIVE_INFINITY].map((le, index) => ({ le, count: counts[index] ?? 0 })),
  });

  it('is the lag of the ticks between them alone', () => {
    const from = reading(0, 0, [0, 500, 900]);
    expect(lagP99(from, reading(1_000, 1, [100, 600, 1_000]))).toBeCloseTo(9.9);
    expect(() => lagP99(from, from)).toThrow('the worker has judged no tick');
  });

  it('is the processor time in percent of one core', () => {
    expect(cpuPercent(reading(0, 1, []), reading(2_000, 2.5, []))).toBe(75);
  });
});

describe('many at a time', () => {
  it('are all done, and never more at once than allowed', async () => {
    const done: number[] = [];
    let [running, most] = [0, 0];
    await eachOf([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      done.push(item);
    });
    expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(3);
  });
});

it.each([
  [{ stat: 'a', above: 50 }, 50, false],
  [{ stat: 'a', above: 50 }, 51, true],
  [{ stat: 'a', below: 50 }, 50, false],
  [{ stat: 'a', at_most: 50 }, 50, true],
])('the goal %j is met by %d: %s', (goal, value, met) => {
  expect(isMet(goal, value)).toBe(met);
});
