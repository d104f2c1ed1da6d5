/** Virtual time: a queue of events, with those of one instant in an order that a seed decides. */

export interface VirtualTime {
  /** Epoch ms. */
  now(): number;
  /** Calls `fire` at `atMs`, or now when that is past. The function that is returned takes it back. */
  at(atMs: number, fire: () => void): () => void;
  after(delayMs: number, fire: () => void): () => void;
  /** Resolves after `delayMs` of virtual time. */
  sleep(delayMs: number): Promise<void>;
  /** Fires the next event; false: there is none before `limitMs`. */
  step(limitMs: number): boolean;
}

interface Entry {
  atMs: number;
  tie: number;
  fire: () => void;
}

/** A small generator of well-mixed 32-bit numbers (mulberry32); the same seed gives the same numbers. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function createVirtualTime(startMs: number, tieSeed: number): VirtualTime {
  const entries = new Set<Entry>();
  const random = seeded(tieSeed);
  let nowMs = startMs;
  function at(atMs: number, fire: () => void): () => void {
    const entry = { atMs: Math.max(atMs, nowMs), tie: random(), fire };
    entries.add(entry);
    return () => void entries.delete(entry);
  }
  function earliest(): Entry | null {
    let first: Entry | null = null;
    for (const entry of entries) {
      const isEarlier =
        first === null || entry.atMs < first.atMs || (entry.atMs === first.atMs && entry.tie < first.tie);
      if (isEarlier) first = entry;
    }
    return first;
  }
  return {
    now: () => nowMs,
    at,
    after: (delayMs, fire) => at(nowMs + delayMs, fire),
    sleep: (delayMs) => new Promise((resolve) => at(nowMs + delayMs, resolve)),
    step(limitMs) {
      const next = earliest();
      if (next === null || next.atMs > limitMs) return false;
      entries.delete(next);
      nowMs = next.atMs;
      next.fire();
      return true;
    },
  };
}
