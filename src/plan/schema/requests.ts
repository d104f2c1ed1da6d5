/** What every request and program of a plan is written with: addresses, headers, bodies, secrets, commands. */
import { z } from 'zod';
import { HEADER_NAME, HEADER_VALUE, VALUE_NAME } from '../smoke-values.ts';
import { count, environmentOf, httpUrl, MAX_LIST, MAX_TEXT, text } from './base.ts';

export const METHOD_KEYS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;

export const status = count('a status', 100, 599);

const SECRET_EXPECTED = 'the name of an environment variable, such as SMOKE_PASSWORD';
/** `expected` replaces zod's own words for what is no map. */
export function secretOf(expected?: string) {
  const env = z
    .string(SECRET_EXPECTED)
    .regex(VALUE_NAME, SECRET_EXPECTED)
    .meta({ description: 'Environment variable of the worker that holds the secret.' });
  return z.strictObject({ env }, expected);
}
const secret = secretOf();

const HEADER_EXPECTED = 'the name of a header, such as X-Frame-Options';
export const headerName = z.string(HEADER_EXPECTED).regex(HEADER_NAME, HEADER_EXPECTED);
const VALUE_EXPECTED = 'a text of one line, or {env: NAME}';
const headerValue = z.union(
  [z.string(VALUE_EXPECTED).max(MAX_TEXT, VALUE_EXPECTED).regex(HEADER_VALUE, VALUE_EXPECTED), secret],
  VALUE_EXPECTED,
);
export const requestHeaders = z.record(headerName, headerValue);

const ROUTED_EXPECTED = 'one header with its value, such as {X-Cutover: candidate}';
const ROUTED_NAME_EXPECTED = 'the name of a header, such as X-Cutover, at most 64 characters';
const ROUTED_VALUE_EXPECTED = 'a text such as candidate, without blanks around it, at most 200 characters';
export const routedHeaderName = z
  .string(ROUTED_NAME_EXPECTED)
  .max(64, ROUTED_NAME_EXPECTED)
  .regex(HEADER_NAME, ROUTED_NAME_EXPECTED);
/** What every gateway compares alike: visible ASCII, and blanks within. */
export const routedHeaderValue = z
  .string(ROUTED_VALUE_EXPECTED)
  .max(200, ROUTED_VALUE_EXPECTED)
  .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, ROUTED_VALUE_EXPECTED);
/** A header that chooses where a request goes. It stands in histories, so it is no secret. */
export const routedHeader = z
  .record(routedHeaderName, routedHeaderValue, ROUTED_EXPECTED)
  .refine((header) => Object.keys(header).length === 1, ROUTED_EXPECTED)
  .meta({ value: 'header' });

const ADDRESS_EXPECTED = 'an address such as https://example.com/hook';
const NO_CREDENTIALS = 'an address without user and password; a header can take them, as {env: NAME}';
/** An address that the worker sends requests to. It stands in histories, so nothing secret may. */
export const callUrl = httpUrl.refine(isAddress, ADDRESS_EXPECTED).refine(hasNoCredentials, NO_CREDENTIALS);

const PLACE_EXPECTED = 'a path such as /internal/queue, or an address such as https://example.com/health';
/** The same, or the path of a request to each of the candidate's instances. */
export const callUrlOrPath = z
  .string(PLACE_EXPECTED)
  .max(MAX_TEXT, PLACE_EXPECTED)
  .regex(/^(https?:\/\/[^\s/]\S*|\/(?!\/)[^\s#\\]*)$/, PLACE_EXPECTED)
  .refine((value) => value.startsWith('/') || isAddress(value), PLACE_EXPECTED)
  .refine((value) => value.startsWith('/') || hasNoCredentials(value), NO_CREDENTIALS)
  .meta({ value: 'address or path' });

/** The keys of a request that are the same in checks and hooks. */
export const requestParts = {
  headers: requestHeaders
    .optional()
    .meta({ description: 'Headers of the request; `{env: NAME}` is a secret of the worker.', default: {} }),
  json: z
    .json()
    .optional()
    .meta({ description: 'Sent as JSON; `{env: NAME}` is a secret of the worker.', otherwise: 'none' }),
  status: status.optional().meta({ description: 'Status that it must answer.', otherwise: 'any from 200 to 299' }),
};

const SCRIPT_EXPECTED = 'a map such as {command: [./check, --strict]}';
export const script = z.strictObject(
  {
    command: z
      .array(text('a word of the command'), 'a list of words, such as [./check, --strict]')
      .min(1, 'the program first, then its arguments')
      .max(MAX_LIST)
      .meta({ description: 'Program and arguments, without a shell; it lies in the folder that the worker allows.' }),
    env: environmentOf(z.union([z.string().max(MAX_TEXT), secret], 'a text, or {env: NAME}'))
      .optional()
      .meta({ description: 'Its environment; `{env: NAME}` is a secret of the worker.', default: {} }),
  },
  SCRIPT_EXPECTED,
);

const DISTRIBUTION_EXPECTED = 'the ID of a distribution, such as E2QWRUHAPOMQZL';
export const distribution = z.string(DISTRIBUTION_EXPECTED).regex(/^[A-Z0-9]{3,40}$/, DISTRIBUTION_EXPECTED);
const INVALIDATED_EXPECTED = 'a path that begins with / and may end with *, such as /assets/*';
/** Visible ASCII: CloudFront wants all else encoded. */
export const invalidatedPaths = z
  .array(
    z
      .string(INVALIDATED_EXPECTED)
      .max(MAX_TEXT)
      .regex(/^\/[!-)+-~]*\*?$/, INVALIDATED_EXPECTED),
    'a list of paths',
  )
  .min(1, 'a path at least')
  .max(MAX_LIST, `at most ${MAX_LIST} paths`);

/** How many of the keys have a value. */
export function given<K extends string>(written: { readonly [key in K]?: unknown }, keys: readonly K[]): number {
  return keys.filter((key) => written[key] !== undefined).length;
}

function isAddress(value: string): boolean {
  return URL.canParse(value);
}

function hasNoCredentials(value: string): boolean {
  if (!URL.canParse(value)) return true;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}
