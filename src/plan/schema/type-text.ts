/** What a key takes, in words; `value` of its schema names it where there is a word for it. */
import { isSchema, type JsonSchema } from './json-schema.ts';

export function typeOf(schema: JsonSchema): string {
  const { value, enum: options, const: only, anyOf, type } = schema;
  if (typeof value === 'string') return value;
  if (options !== undefined) return options.map((option) => `\`${String(option)}\``).join(', ');
  if (only !== undefined) return `\`${String(only)}\``;
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(', or ');
  switch (type) {
    case 'object':
      return objectType(schema);
    case 'array':
      return isSchema(schema.items) ? `list of ${plural(typeOf(schema.items))}` : 'list';
    case 'integer':
      return `whole number, ${schema.minimum} to ${schema.maximum}`;
    case 'boolean':
      return '`true`, `false`';
    case 'number':
      return 'number';
    case 'string':
      return 'text';
    default:
      // A text that YAML may take for a number; or JSON of somebody else's making.
      return Array.isArray(type) ? 'text' : 'any JSON';
  }
}

/** One text for each colour: needs no section of its own. */
export function isPerColour({ properties }: JsonSchema): boolean {
  return properties !== undefined && Object.keys(properties).join() === 'blue,green';
}

/** The name of a worker's own variable: needs none either. */
export function isSecret({ properties }: JsonSchema): boolean {
  return properties !== undefined && Object.keys(properties).join() === 'env';
}

function objectType(schema: JsonSchema): string {
  const { properties, additionalProperties: values } = schema;
  if (isPerColour(schema)) return '`{blue: …, green: …}`';
  if (isSecret(schema)) return '`{env: NAME}`';
  if (properties !== undefined) return 'map';
  return isSchema(values) ? `map of name → ${typeOf(values)}` : 'map';
}

function plural(type: string): string {
  if (type === 'criterion') return 'criteria';
  return /^[a-z]+$/.test(type) ? `${type}s` : type;
}
