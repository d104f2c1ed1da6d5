/** Data points of a series within a span. */
import type { Span } from './span.ts';

/** By begin of the period, epoch milliseconds; or why there are none to rely on. */
export type Found = { kind: 'points'; points: ReadonlyMap<number, number> } | { kind: 'problem'; reason: string };

export type Points = ReadonlyMap<number, number>;

/** In the order of time. A period that is not whole in the span, as of a clock ahead, is left out. */
export function within(points: Points, { fromMs, toMs }: Span, periodMs: number): Points {
  const inside = [...points].filter(([atMs]) => atMs >= fromMs && atMs + periodMs <= toMs);
  return new Map(inside.sort(([one], [other]) => one - other));
}

export function sumOf(points: Points): number {
  return [...points.values()].reduce((all, value) => all + value, 0);
}

/** Each value by the weight of its period; a period without either counts for nothing. Null: there is no weight at all. */
export function weightedMean(values: Points, weights: Points): { value: number; weight: number } | null {
  let total = 0;
  let weight = 0;
  for (const [atMs, value] of values) {
    const share = Math.max(0, weights.get(atMs) ?? 0);
    total += share * value;
    weight += share;
  }
  return weight > 0 ? { value: total / weight, weight } : null;
}

export function meanOf(points: Points): number | null {
  return points.size === 0 ? null : sumOf(points) / points.size;
}
