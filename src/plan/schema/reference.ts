/** docs/plan-reference.md, made from the schema: every map of a plan is a section, every key a row. */
import { type AdapterRole, findDescriptor } from '../adapters.ts';
import { formatDuration } from '../duration.ts';
import { MAX_DURATION_MS, MIN_RESOLUTION_MS } from '../rules/durations.ts';
import { annotatedPlanSchema, isSchema, type JsonSchema } from './json-schema.ts';
import { isPerColour, isSecret, typeOf } from './type-text.ts';

interface Section {
  /** `switch.steps[]`; empty: the plan itself. */
  path: string;
  schema: JsonSchema;
}

/** What the types of the tables are. */
const VALUES: readonly [name: string, meaning: string][] = [
  [
    'duration',
    `\`250ms\`, \`30s\`, \`5m\`, \`4h\`, \`1h30m\`, \`2d\`: always with a unit, at most ${formatDuration(MAX_DURATION_MS)}; more than nothing where \`0s\` is not said to mean something`,
  ],
  ['percentage', '`20` or `20%`, from 0 to 100, with two decimals at most'],
  ['size', 'a percentage from 1 to 1000'],
  ['name', 'small letters, digits and inner hyphens, at most 63'],
  ['criterion', '`METRIC < EXPR`, or the name of a check: see [plan](plan.md#criteria)'],
  ['path', 'begins with `/`, without spaces and `#`'],
  ['address', '`http://…` or `https://…`'],
];

export function planReference(): string {
  const sections = sectionsOf('', annotatedPlanSchema());
  return [
    '# The plan, key by key',
    '',
    'Made from the schema by `npm run docs`; `cutover schema` prints the same for editors. [plan](plan.md) tells it by example.',
    '',
    '| type | what is written |',
    '| --- | --- |',
    ...VALUES.map(([name, meaning]) => `| ${name} | ${meaning} |`),
    '',
    `A key without a value is as good as absent. The shortest \`resolution\` is ${formatDuration(MIN_RESOLUTION_MS)}.`,
    ...withoutRepeats(sections).flat(),
    '',
  ].join('\n');
}

/** Depth first, in the order of the schema. */
function sectionsOf(path: string, schema: JsonSchema): Section[] {
  if (isPerColour(schema) || isSecret(schema)) return [];
  const own = schema.properties === undefined ? [] : [{ path, schema }];
  const below = Object.entries(schema.properties ?? {}).flatMap(([key, part]) =>
    isSchema(part) ? sectionsOf(path === '' ? key : `${path}.${key}`, part) : [],
  );
  const forms = (schema.anyOf ?? []).flatMap((form) => sectionsOf(path, form));
  const values = isSchema(schema.additionalProperties) ? sectionsOf(`${path}.NAME`, schema.additionalProperties) : [];
  const items = isSchema(schema.items) ? sectionsOf(`${path}[]`, schema.items) : [];
  return [...own, ...below, ...forms, ...values, ...items];
}

/** The lines of each section; a table that stood there already is named instead. */
function withoutRepeats(sections: readonly Section[]): string[][] {
  const firstWith = new Map<string, string>();
  return sections.map((section) => {
    const [heading, body] = sectionLines(section);
    const text = body.join('\n');
    const first = firstWith.get(text);
    firstWith.set(text, first ?? section.path);
    return first === undefined ? [...heading, ...body] : [...heading, '', `The same as \`${first}\`.`];
  });
}

/** Its heading, and what stands below. */
function sectionLines({ path, schema }: Section): [heading: string[], body: string[]] {
  const about = [schema.description, built(path)].filter((part) => part !== undefined).join(' ');
  const body = [
    ...(about === '' ? [] : ['', about]),
    '',
    '| key | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...Object.entries(schema.properties ?? {}).map(([key, part]) => keyRow(key, part, schema.required ?? [])),
  ];
  return [['', path === '' ? '## Top level' : `## ${path}`], body];
}

function keyRow(key: string, schema: unknown, required: readonly string[]): string {
  if (!isSchema(schema)) return `| \`${key}\` | | | |`;
  const cells = [`\`${key}\``, typeOf(schema), absence(schema, required.includes(key)), schema.description ?? ''];
  return `| ${cells.map(cell).join(' | ')} |`;
}

function absence(schema: JsonSchema, isRequired: boolean): string {
  const { default: value, otherwise } = schema;
  if (isRequired || otherwise === 'required') return '**required**';
  if (typeof otherwise === 'string') return otherwise;
  if (value === undefined) return schema.properties === undefined || isPerColour(schema) ? 'optional' : '';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => `\`${String(one)}\``).join(', ');
  return typeof value === 'object' ? 'none' : `\`${String(value)}\``;
}

/** A bar within a cell would end it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function built(path: string): string | undefined {
  const [role, kind, ...rest] = path.split('.');
  if (kind === undefined || rest.length > 0) return undefined;
  if (role !== 'platform' && role !== 'router' && role !== 'metrics') return undefined;
  const descriptor = findDescriptor<AdapterRole>(role, kind);
  return descriptor?.built === false ? 'Not in this version: `validate` checks it, `start` refuses it.' : undefined;
}
