/** The smoke suite, as written. Everything below `endpoints` is known to the schema and not run yet. */
import { z } from 'zod';
import { count, durationText, MAX_LIST, MAX_TEXT, text, urlPath } from './base.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const status = count('a status', 100, 599);
const values = z.union([z.string().max(MAX_TEXT), z.number(), z.boolean()], 'a text, number or boolean');

const health = z
  .strictObject({
    path: urlPath.describe('Default: /health.'),
    required_fields: z.array(text('the name of a field', 200), 'a list of fields').max(MAX_LIST),
    expect: z.record(text('the name of a field', 200), values).describe('Field → the value it must have.'),
  })
  .partial();

const endpoint = z.strictObject({
  path: urlPath,
  method: z.enum(METHODS, METHODS.join(', ')).optional().describe('Default: GET.'),
  status: status.optional().describe('Default: 200.'),
});

const flowStep = z
  .strictObject({
    get: urlPath,
    post: urlPath,
    put: urlPath,
    patch: urlPath,
    delete: urlPath,
    headers: z.record(text('a header', 200), z.string().max(MAX_TEXT)),
    json: z.json(),
    status,
    capture: z.record(text('a name', 100), text('a JSON path', 500)),
  })
  .partial()
  .refine(
    (step) =>
      [step.get, step.post, step.put, step.patch, step.delete].filter((path) => path !== undefined).length === 1,
    'a step with exactly one of get, post, put, patch and delete',
  );

export const smokeSchema = z
  .strictObject({
    health,
    endpoints: z.array(endpoint, 'a list of {path, status}').max(MAX_LIST),
    max_response_time: durationText.describe('Upper bound of each response. Default: none.'),
    timeout: durationText.describe('Time limit of each request. Default: 5s, or a second over max_response_time.'),
    database: z.strictObject({ path: urlPath, max_response_ms: count('milliseconds', 1, 600_000).optional() }),
    dependencies: z.strictObject({ path: urlPath }),
    flows: z
      .array(
        z.strictObject({ name: text('a name', 100), steps: z.array(flowStep).min(1).max(MAX_LIST) }),
        'a list of flows',
      )
      .max(MAX_LIST),
    security_headers: z.record(
      text('a header', 200),
      z.union([text('a value'), z.array(text('a value')).min(1).max(MAX_LIST)], 'a value, or a list of allowed ones'),
    ),
  })
  .partial();

/** Parts that this version accepts and does not run. */
export const UNBUILT_SMOKE_PARTS = ['database', 'dependencies', 'flows', 'security_headers'] as const;
