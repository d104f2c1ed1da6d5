/** The smoke suite, as written. */
import { z } from 'zod';
import { formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { VALUE_NAME } from '../smoke-values.ts';
import { SMOKE_METHODS } from '../types.ts';
import { count, durationText, MAX_LIST, MAX_TEXT, text, urlPath } from './base.ts';
import { given, headerName, METHOD_KEYS, requestHeaders, status } from './requests.ts';

const ENDPOINT_METHODS = [...SMOKE_METHODS, 'OPTIONS'] as const;
const values = z.union([z.string().max(MAX_TEXT), z.number(), z.boolean()], 'a text, number or boolean');

const health = z
  .strictObject({
    path: urlPath.meta({
      description: 'Path of the health document; named checks are looked up in it too.',
      default: DEFAULTS.health_path,
    }),
    required_fields: z
      .array(text('the name of a field', 200), 'a list of fields')
      .max(MAX_LIST)
      .meta({ description: 'Top-level fields that it must have.', default: [] }),
    expect: z
      .record(text('the name of a field', 200), values)
      .meta({ description: 'Top-level field → the value it must have.', default: {} }),
  })
  .partial();

const endpoint = z.strictObject({
  path: urlPath.meta({ description: 'Path that is asked.' }),
  method: z
    .enum(ENDPOINT_METHODS, ENDPOINT_METHODS.join(', '))
    .optional()
    .meta({ description: 'Method of the request.', default: 'GET' }),
  status: status.optional().meta({ description: 'Status that it must answer.', default: 200 }),
});

const CAPTURE_EXPECTED = 'a name of letters, digits and underscores';
const captureName = z.string(CAPTURE_EXPECTED).regex(VALUE_NAME, CAPTURE_EXPECTED);

/** The path of a request; exactly one in a step. */
function asked(method: string) {
  return urlPath.meta({ description: `Path of a ${method} request; \`{{name}}\` is a captured value.` });
}

const flowStep = z
  .strictObject({
    get: asked('GET'),
    head: asked('HEAD'),
    post: asked('POST'),
    put: asked('PUT'),
    patch: asked('PATCH'),
    delete: asked('DELETE'),
    headers: requestHeaders.meta({
      description: 'Headers of the request: `{{name}}` is a captured value, `{env: NAME}` a secret.',
      default: {},
    }),
    json: z.json().meta({
      description: 'The body: `{{name}}` is a captured value, `{env: NAME}` a secret of the worker.',
      otherwise: 'none',
    }),
    status: status.meta({ description: 'Status that it must answer.', otherwise: 'any from 200 to 299' }),
    timeout: durationText.meta({ description: 'Time limit of the request.', otherwise: '`smoke.timeout`' }),
    capture: z
      .record(captureName, text('a JSON path', 500))
      .meta({ description: 'Name → JSONPath of one value in the answer, for later steps.', default: {} }),
  })
  .partial()
  .refine((step) => given(step, METHOD_KEYS) === 1, `a step with exactly one of ${METHOD_KEYS.join(', ')}`);

const ALLOWED_EXPECTED = 'a value, a list of allowed values, or true for any';
// `X-XSS-Protection: 0` is a number in YAML.
const allowedValue = z.union([text(ALLOWED_EXPECTED, 200), z.number()], ALLOWED_EXPECTED);

export const smokeSchema = z
  .strictObject({
    health: health.meta({ description: 'The health document, answered with a status from 200 to 299.' }),
    endpoints: z
      .array(endpoint, 'a list of {path, status}')
      .max(MAX_LIST)
      .meta({ description: 'Requests and the status each must answer.', default: [] }),
    max_response_time: durationText.meta({ description: 'Upper bound of each response.', otherwise: 'none' }),
    timeout: durationText.meta({
      description: 'Time limit of each request.',
      otherwise: `${formatDuration(DEFAULTS.smoke_timeout_ms)}, or a second over the longest bound`,
    }),
    database: z
      .strictObject({
        path: urlPath.meta({ description: 'Path that is asked.' }),
        max_response_ms: count('milliseconds', 1, 600_000).optional().meta({
          description: 'Upper bound of the page, and of the time that its document gives, milliseconds.',
          otherwise: '`smoke.max_response_time`',
        }),
      })
      .meta({ description: 'A page that answers through the database.', otherwise: 'not asked' }),
    dependencies: z
      .strictObject({ path: urlPath.meta({ description: 'Path that is asked.' }) })
      .meta({ description: 'A document of the dependencies, each of which must be healthy.', otherwise: 'not asked' }),
    flows: z
      .array(
        z.strictObject({
          name: text('a name', 100).meta({ description: 'Name of the flow, for its result.' }),
          steps: z
            .array(flowStep)
            .min(1)
            .max(MAX_LIST)
            .meta({ description: 'Requests in order, each with exactly one method.' }),
        }),
        'a list of flows',
      )
      .max(MAX_LIST)
      .meta({ description: 'What users do, step by step, once, on one instance.', default: [] }),
    security_headers: z
      .record(
        headerName,
        z.union([allowedValue, z.array(allowedValue).min(1).max(MAX_LIST), z.literal(true)], ALLOWED_EXPECTED),
      )
      .meta({
        description:
          'Header → its value, a list of allowed ones, or `true` for any; of the endpoints, or without endpoints of the health page.',
        default: {},
      }),
  })
  .partial();
