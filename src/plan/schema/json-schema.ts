/**
 * The JSON Schema of a plan, for editors and for the reference; made from the same zod schema that reads plans. What the
 * schema cannot say by itself stands in `.meta()` of its keys:
 *
 * - `description`, `examples`, `default` (as a plan would write it): as in JSON Schema.
 * - `otherwise`: what holds without the key, where that is no single value. `required`: a plan must have it.
 * - `value`: the name of what the key takes, one of `VALUE_KINDS`.
 * - `adapter`: the block of an adapter role; its short form is added. `number_too`: YAML may take the text for a number.
 */
import { z } from 'zod';
import { ADAPTER_ROLES, adapterKinds } from '../adapters.ts';
import { planSchema } from './plan.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Keywords that hold one schema. */
const PARTS: readonly string[] = ['items', 'additionalProperties', 'propertyNames'];

/** Draft 7, which editors' YAML extensions read best. Keys that must be given somewhere are not required of each file. */
export function planJsonSchema(): JsonSchema {
  return publish({ ...annotatedPlanSchema(), title: 'Cutover plan' });
}

/** With `otherwise` and `value` where they apply; not for a validator. */
export function annotatedPlanSchema(): JsonSchema {
  return z.toJSONSchema(planSchema, {
    target: 'draft-07',
    io: 'input',
    override: ({ jsonSchema }) => widen(jsonSchema),
  });
}

/** What the reader turns into the long form before the schema sees it: a lone adapter name, a version like 2.4. */
function widen(schema: JsonSchema): void {
  const { adapter, number_too: numberToo } = schema;
  delete schema.adapter;
  delete schema.number_too;
  if (numberToo === true) {
    schema.type = ['string', 'number'] as unknown as 'string';
    return;
  }
  const role = ADAPTER_ROLES.find((known) => known === adapter);
  if (role === undefined) return;
  // The long form first: of two that do not fit, editors tell what is wrong with the first.
  const { description, otherwise, ...long } = structuredClone(schema);
  for (const key of Object.keys(schema)) delete schema[key];
  Object.assign(schema, { description, otherwise, anyOf: [long, { type: 'string', enum: adapterKinds(role) }] });
}

/** Our own annotations become text that an editor shows; they are no keywords. */
function publish(schema: JsonSchema): JsonSchema {
  const { value: _value, otherwise: _otherwise, ...keywords } = schema;
  const published: Record<string, unknown> = { ...keywords };
  if (schema.description !== undefined) {
    published.description = [schema.description, absenceOf(schema)].filter((part) => part !== null).join(' ');
  }
  for (const [key, part] of Object.entries(published)) {
    if (key === 'properties' || key === 'definitions') published[key] = publishEach(part);
    else if (Array.isArray(part)) published[key] = key === 'anyOf' || key === 'allOf' ? part.map(publish) : part;
    else if (PARTS.includes(key) && isSchema(part)) published[key] = publish(part);
  }
  return published as JsonSchema;
}

function absenceOf({ default: value, otherwise }: JsonSchema): string | null {
  if (otherwise === 'required') return 'Required, here or in another file.';
  if (typeof otherwise === 'string') return `Default: ${otherwise}.`;
  return value === undefined ? null : `Default: ${typeof value === 'string' ? value : JSON.stringify(value)}.`;
}

function publishEach(schemas: unknown): unknown {
  if (!isSchema(schemas)) return schemas;
  return Object.fromEntries(Object.entries(schemas).map(([key, part]) => [key, isSchema(part) ? publish(part) : part]));
}

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
