/** The JSON report: one key per figure, and beside them how and on what it was measured. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { isMet } from './figure.ts';
import { tidy } from './statistics.ts';
import type { Outcome } from './table.ts';

export interface Surroundings {
  started_at: string;
  /** One-minute load average before anything was started: above about half the cores, somebody else was at work. */
  load_average_before: number;
}

export function surroundings(): Surroundings {
  return { started_at: new Date().toISOString(), load_average_before: tidy(loadavg()[0] ?? 0) };
}

export function report(outcomes: readonly Outcome[], before: Surroundings, seconds: number): Record<string, unknown> {
  const figures: Record<string, unknown> = {};
  const details: Record<string, unknown> = {};
  for (const outcome of outcomes) {
    const { name, unit, goal } = outcome.figure;
    if ('error' in outcome) {
      figures[name] = null;
      details[name] = { error: outcome.error };
      continue;
    }
    const { measured } = outcome;
    figures[name] = measured.report;
    const goals = goal.map((one) => ({ ...one, met: isMet(one, measured.stats[one.stat] ?? Number.NaN) }));
    const ratios = Object.entries(measured.stats).flatMap(([stat, value]) => {
      const floor = measured.floor[stat];
      return floor === undefined || floor === 0 ? [] : [[stat, tidy(value / floor)]];
    });
    const { floor, floor_is } = measured;
    details[name] = { unit, goals, floor, floor_is, times_floor: Object.fromEntries(ratios), ...measured.details };
  }
  const machine = {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memory_gb: tidy(totalmem() / 2 ** 30),
    node: process.version,
  };
  return { ...figures, details, machine, ...before, seconds: tidy(seconds) };
}
