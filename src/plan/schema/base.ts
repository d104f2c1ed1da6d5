/**
 * The small values that plans are made of. Messages say what would be right; the reader adds what was found. What an
 * editor and the reference show is in each key's `.meta()`: see `json-schema.ts`.
 */
import { z } from 'zod';
import { CHECK_NAME, MAX_CRITERION_LENGTH } from '../criteria.ts';
import { DURATION_PATTERN } from '../duration.ts';

export const MAX_LIST = 50;
export const MAX_TEXT = 2_000;

/** Duration texts of a plan carry no sign. */
export const DURATION_EXPECTED = 'a duration such as 250ms, 30s, 5m or 4h';
export const durationText = z
  .string(DURATION_EXPECTED)
  .max(40, DURATION_EXPECTED)
  .regex(DURATION_PATTERN, DURATION_EXPECTED)
  .meta({ value: 'duration' });

const PERCENT_EXPECTED = 'a percentage from 0 to 100, such as 20 or 20%';
/** Percent as a number or as text with the sign; in hundredths at most, so that the two colours' shares always sum to 100. */
export const percent = z
  .union(
    [
      z
        .number()
        .min(0, PERCENT_EXPECTED)
        .max(100, PERCENT_EXPECTED)
        .refine((value) => Number(value.toFixed(2)) === value, `${PERCENT_EXPECTED}, of two decimals at most`),
      z.string().regex(/^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?) ?%$/, PERCENT_EXPECTED),
    ],
    PERCENT_EXPECTED,
  )
  .meta({ value: 'percentage' });

const SIZE_EXPECTED = 'a size from 1% to 1000%';
/** A size relative to the active colour's: may be above 100. */
export const sizePercent = z
  .union(
    [
      z.number().min(1, SIZE_EXPECTED).max(1_000, SIZE_EXPECTED),
      z.string().regex(/^(1000|[1-9]\d{0,2}(\.\d{1,2})?) ?%$/, SIZE_EXPECTED),
    ],
    SIZE_EXPECTED,
  )
  .meta({ value: 'size' });

/** Text of one line. */
export function text(expected: string, max = MAX_TEXT) {
  return z.string(expected).min(1, expected).max(max, `${expected}, at most ${max} characters`);
}

export function count(expected: string, min: number, max: number) {
  const bounds = `${expected} from ${min} to ${max}`;
  return z.int(bounds).min(min, bounds).max(max, bounds);
}

const LABEL_EXPECTED = 'a name of small letters, digits and inner hyphens, at most 63, such as checkout';
/** Goes into workflow IDs, host names and labels: a DNS label (RFC 1123). */
export const label = z
  .string(LABEL_EXPECTED)
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, LABEL_EXPECTED)
  .meta({ value: 'name' });

const TARGET_EXPECTED = 'a region, cluster or account such as eu-west-1: letters, digits, and . _ - within';
export const targetName = z
  .string(TARGET_EXPECTED)
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, TARGET_EXPECTED);

const VERSION_EXPECTED = 'a version such as 2.4.1: letters, digits and . _ + : @ / - without spaces';
export const versionText = z.string(VERSION_EXPECTED).regex(/^[A-Za-z0-9][A-Za-z0-9._+:@/-]{0,254}$/, VERSION_EXPECTED);

const PATH_EXPECTED = 'a path that begins with /, such as /health';
export const urlPath = z
  .string(PATH_EXPECTED)
  .max(MAX_TEXT)
  .regex(/^\/(?!\/)[^\s#\\]*$/, PATH_EXPECTED)
  .meta({ value: 'path' });

const URL_EXPECTED = 'an address such as http://127.0.0.1:7440';
export const httpUrl = z
  .string(URL_EXPECTED)
  .max(MAX_TEXT)
  .regex(/^https?:\/\/[^\s/]\S*$/, URL_EXPECTED)
  .meta({ value: 'address' });

const CRITERION_EXPECTED = 'a criterion such as "p99_latency < 250ms", or the name of a check';
export const criterionText = z
  .string(CRITERION_EXPECTED)
  .min(1, CRITERION_EXPECTED)
  .max(MAX_CRITERION_LENGTH, CRITERION_EXPECTED)
  .meta({ value: 'criterion' });
export const criteria = z.array(criterionText, 'a list of criteria').max(MAX_LIST, `at most ${MAX_LIST} criteria`);

/** One value per colour. */
export function perColour(expected: string) {
  const of = (colour: string) => text(expected).meta({ description: `Of ${colour}: ${expected}.` });
  return z.strictObject({ blue: of('blue'), green: of('green') });
}

const CHECK_NAME_EXPECTED = 'a name of letters, digits and _ . : -, such as queue_drained';
/** What a plan's own check is called: whatever a criterion can name. */
export const checkName = z
  .string(CHECK_NAME_EXPECTED)
  .regex(CHECK_NAME, CHECK_NAME_EXPECTED)
  .max(200, CHECK_NAME_EXPECTED);

const HOOK_NAME_EXPECTED = 'a name of letters, digits and . _ - such as expand-schema, at most 100';
/** Goes into idempotency keys. */
export const hookName = z.string(HOOK_NAME_EXPECTED).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, HOOK_NAME_EXPECTED);

const ENV_NAME_EXPECTED = 'a name of letters, digits and underscores';
const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, ENV_NAME_EXPECTED);
/** Name → value, as `value` has it. */
export function environmentOf<T extends z.ZodType>(value: T) {
  return z
    .record(environmentName, value)
    .refine((variables) => Object.keys(variables).length <= 100, 'at most 100 variables');
}
export const environmentVariables = environmentOf(z.string('a text').max(MAX_TEXT));

const QUERY_NAME_EXPECTED = 'a metric name of letters, digits and underscores';
const queryName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, QUERY_NAME_EXPECTED);

/** Metric name → query, in the provider's own language. */
export function queriesIn(query: z.ZodString) {
  return z
    .record(queryName, query)
    .refine((all) => Object.keys(all).length <= 100, 'at most 100 queries')
    .meta({
      description: "Metric name → query, in the provider's own language. Adds to, or replaces, the built-in names.",
      otherwise: 'the built-in names only',
    });
}

export const queries = queriesIn(text('a query', 8_000));

export function countsOf(query: z.ZodString) {
  return queriesIn(query).optional().meta({
    description: 'Metric name → query of the observations behind its query. `min_observations` holds for those only.',
    otherwise: 'none',
  });
}
