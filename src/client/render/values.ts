/** Numbers and times as people read them. */
import { formatDuration } from '../../plan/duration.ts';
import { builtInMetric } from '../../plan/metrics.ts';
import type { CriterionReading } from '../../workflows/api.ts';

/** At most three decimals, fewer for large numbers; no trailing zeros. */
export function number(value: number): string {
  const magnitude = Math.abs(value);
  const decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  return String(Number(value.toFixed(decimals)));
}

/** With the unit of the criterion's metric. */
export function measured(source: string, value: number): string {
  const metric = /^[A-Za-z_]\w*/.exec(source)?.[0] ?? '';
  switch (builtInMetric(metric)?.unit) {
    case 'percent':
      // 99.97 % must not look like 100 %.
      return `${Number(value.toFixed(3))} %`;
    case 'ms':
      return `${number(value)} ms`;
    default:
      return number(value);
  }
}

/** `31 ms, limit 28 ms, baseline 18 ms (frozen), 1204 observations`; what is not known is left out. */
export function readingFacts(reading: CriterionReading): string[] {
  const { source, value, limit, baseline, observations, consecutive, note } = reading;
  return [
    value === null ? null : measured(source, value),
    limit === null ? null : `limit ${measured(source, limit)}`,
    baseline === null ? null : `baseline ${measured(source, baseline.value)} (${baseline.source})`,
    observations > 0 ? `${observations} observed` : null,
    consecutive > 0 && reading.state === 'breached' ? `${consecutive} in a row` : null,
    note,
  ].filter((fact) => fact !== null);
}

/** Whole seconds from one minute on, tenths below. */
export function span(ms: number): string {
  const unit = ms < 60_000 ? 100 : 1_000;
  return formatDuration(Math.max(0, Math.round(ms / unit) * unit));
}

/** Whole seconds. */
export function remaining(ms: number): string {
  return formatDuration(Math.max(0, Math.ceil(ms / 1_000) * 1_000));
}
