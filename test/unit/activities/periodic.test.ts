import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { createPeriodic, type Periodic } from '../../../src/activities/periodic.ts';

let nowMs: number;
let asked: { answer(text: string): void; fail(message: string): void }[];
let controller: AbortController;
let periodic: Periodic<string>;

beforeEach(() => {
  nowMs = 1_000_000;
  asked = [];
  controller = new AbortController();
  periodic = createPeriodic({
    pauseMs: 1_000,
    validMs: 3_000,
    clock: { now: () => nowMs, sleep: async () => {} },
    signal: controller.signal,
    question: () =>
      new Promise<string>((resolve, reject) => {
        asked.push({ answer: resolve, fail: (message) => reject(new Error(message)) });
      }),
    failed: (message) => `failed: ${message}`,
  });
});

async function answered(text: string): Promise<void> {
  asked.at(-1)?.answer(text);
  await turn();
}

describe('a periodic question', () => {
  it('has no answer before the first one', () => {
    expect(periodic.answer()).toBeNull();
    expect(periodic.underWay()).toBeNull();
  });

  it('is asked once per pause, a little early too', async () => {
    periodic.ask();
    await answered('a');
    nowMs += 500;
    periodic.ask();
    expect(asked).toHaveLength(1);
    nowMs += 450;
    periodic.ask();
    expect(asked).toHaveLength(2);
    expect(periodic.answer()).toBe('a');
  });

  it('is never asked twice at a time, however long the answer takes', async () => {
    periodic.ask();
    nowMs += 60_000;
    periodic.ask();
    expect(asked).toHaveLength(1);
    expect(periodic.underWay()).not.toBeNull();
    await answered('late');
    expect(periodic.answer()).toBe('late');
    periodic.ask();
    expect(asked).toHaveLength(2);
  });

  it('loses its answer when it is too old', async () => {
    periodic.ask();
    await answered('a');
    nowMs += 3_000;
    expect(periodic.answer()).toBe('a');
    nowMs += 1;
    expect(periodic.answer()).toBeNull();
  });

  it('has what went wrong for an answer', async () => {
    periodic.ask();
    asked[0]?.fail('refused');
    await turn();
    expect(periodic.answer()).toBe('failed: refused');
    expect(periodic.underWay()).toBeNull();
  });

  it('is asked again after the clock was put back', async () => {
    periodic.ask();
    await answered('a');
    nowMs -= 50_000;
    periodic.ask();
    expect(asked).toHaveLength(2);
  });

  it('is not asked any more once it is given up', () => {
    controller.abort();
    periodic.ask();
    expect(asked).toEqual([]);
  });
});
