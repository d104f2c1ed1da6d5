/** What stops the candidate early, and until when going back is safe, as written. */
import { z } from 'zod';
import { DURATION_PATTERN, formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { SAFE_PHASES } from '../types.ts';
import { count, durationText, percent } from './base.ts';

export const circuitBreakSchema = z
  .strictObject(
    {
      error_rate: percent.meta({
        description: "Percent of one tick's requests to the candidate; above 0.",
        default: `${DEFAULTS.circuit_error_rate}%`,
      }),
      pause: durationText.meta({
        description: 'How long the candidate is left without traffic before the next try, 1h at most.',
        default: formatDuration(DEFAULTS.circuit_pause_ms),
      }),
      attempts: count('a number of bursts', 1, 100).meta({
        description: 'Bursts after which the deployment is rolled back.',
        default: DEFAULTS.circuit_attempts,
      }),
    },
    'a map such as {error_rate: 5%}; {} takes every default',
  )
  .partial();

const SAFE_EXPECTED = `one of ${SAFE_PHASES.join(', ')}, or a duration after all traffic has moved, such as 2h`;
// For a text that is no phase zod tells this form's mismatch, so it speaks for both.
const safeTime = z.string(SAFE_EXPECTED).max(40, SAFE_EXPECTED).regex(DURATION_PATTERN, SAFE_EXPECTED);
export const rollbackSafeUntilSchema = z.union(
  [z.enum(SAFE_PHASES), safeTime.meta({ value: 'duration' })],
  SAFE_EXPECTED,
);
