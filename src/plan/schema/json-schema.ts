/** The JSON Schema of a plan, for editors; made from the same zod schema that reads plans. */
import { z } from 'zod';
import { ADAPTER_ROLES, adapterKinds } from '../adapters.ts';
import { planSchema } from './plan.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Draft 7, which editors' YAML extensions read best. Keys that must be given somewhere are not required of each file. */
export function planJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(planSchema, {
    target: 'draft-07',
    io: 'input',
    override: ({ jsonSchema }) => widen(jsonSchema),
  });
  return { ...schema, title: 'Cutover plan' };
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
  const { description, ...long } = structuredClone(schema);
  for (const key of Object.keys(schema)) delete schema[key];
  if (description !== undefined) schema.description = description;
  schema.anyOf = [{ type: 'string', enum: adapterKinds(role) }, long];
}
