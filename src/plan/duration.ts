/** Durations as a plan writes them: `250ms`, `30s`, `5m`, `4h`, `1h30m`, `2d`. Pure: workflow code imports it. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const PART = '(?:(\\d{1,15}(?:\\.\\d{1,6})?)';
/** Each unit at most once, from the largest to the smallest; `m(?!s)` keeps minutes apart from `ms`. */
const DURATION = new RegExp(`^(-)?${PART}d)?${PART}h)?${PART}m(?!s))?${PART}s)?${PART}ms)?$`);
const UNITS_MS = [DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, 1];

/** The same grammar without sign, for JSON Schema and editors. */
export const DURATION_PATTERN =
  /^(?=\d)(\d+(\.\d+)?d)?(\d+(\.\d+)?h)?(\d+(\.\d+)?m(?!s))?(\d+(\.\d+)?s)?(\d+(\.\d+)?ms)?$/;

/**
 * Milliseconds, rounded to whole ones; a leading minus is accepted (`extend_observation` shortens by it). Null: not a
 * duration, a number without a unit included, or beyond the safe integers.
 */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text.trim());
  if (match === null) return null;
  const parts = match.slice(2);
  if (parts.every((part) => part === undefined)) return null;
  const sum = parts.reduce((total, part, index) => total + Number(part ?? 0) * (UNITS_MS[index] ?? 0), 0);
  const rounded = Math.round(sum);
  if (!Number.isSafeInteger(rounded)) return null;
  return match[1] === undefined || rounded === 0 ? rounded : -rounded;
}

/**
 * The shortest usual form, read back by `parseDuration` to the same whole milliseconds: `250ms`, `1.5s`, `3m`,
 * `1h30m`, `24h`. Days appear from two on, since `24h` and `36h` are what people say.
 */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 0) return `-${formatDuration(-whole)}`;
  if (whole === 0) return '0s';
  if (whole < SECOND_MS) return `${whole}ms`;
  const days = whole >= 2 * DAY_MS ? Math.floor(whole / DAY_MS) : 0;
  const afterDays = whole - days * DAY_MS;
  const hours = Math.floor(afterDays / HOUR_MS);
  const minutes = Math.floor((afterDays % HOUR_MS) / MINUTE_MS);
  const secondsMs = afterDays % MINUTE_MS;
  const parts = [
    days > 0 ? `${days}d` : '',
    hours > 0 ? `${hours}h` : '',
    minutes > 0 ? `${minutes}m` : '',
    secondsMs > 0 ? `${secondsMs / SECOND_MS}s` : '',
  ];
  return parts.join('');
}
