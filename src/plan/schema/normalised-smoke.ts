/** The zod schema of a normalised smoke suite: as strict as the written one, since anybody can start raw JSON. */
import { z } from 'zod';
import { HEADER_NAME, HEADER_VALUE, VALUE_NAME } from '../smoke-values.ts';
import { SMOKE_METHODS, type SmokePlan } from '../types.ts';
import { MAX_LIST, MAX_TEXT, urlPath } from './base.ts';
import { milliseconds, name, status } from './normalised-base.ts';

const headerName = z.string('a header').regex(HEADER_NAME, 'the name of a header');
const headerValue = z.string().max(MAX_TEXT).regex(HEADER_VALUE, 'a text of one line');
const valueName = z.string('a name').regex(VALUE_NAME, 'a name of letters, digits and underscores');
/** A value that a worker reads from its own environment. */
export const secret = z.strictObject({ env: valueName });
export const headers = z.record(headerName, z.union([headerValue, secret]));

const step = z.strictObject({
  method: z.enum(SMOKE_METHODS),
  path: urlPath,
  headers,
  json: z.json(),
  status: status.nullable(),
  timeout_ms: milliseconds,
  capture: z.record(valueName, name),
});

export const normalisedSmoke: z.ZodType<SmokePlan> = z.strictObject({
  health: z.strictObject({
    path: urlPath,
    required_fields: z.array(name).max(MAX_LIST),
    expect: z.record(name, z.union([z.string().max(MAX_TEXT), z.number(), z.boolean()])),
  }),
  endpoints: z.array(z.strictObject({ path: urlPath, method: name, status })).max(MAX_LIST),
  database: z.strictObject({ path: urlPath, max_response_ms: milliseconds.nullable() }).nullable(),
  dependencies: z.strictObject({ path: urlPath }).nullable(),
  flows: z.array(z.strictObject({ name, steps: z.array(step).min(1).max(MAX_LIST) })).max(MAX_LIST),
  security_headers: z.record(headerName, z.array(name).min(1).max(MAX_LIST).nullable()),
  max_response_time_ms: milliseconds.nullable(),
  timeout_ms: milliseconds,
});
