import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isSchema, type JsonSchema, planJsonSchema } from '../../../src/plan/schema/json-schema.ts';
import { errorsOf, load, REQUIRED, sharedPlan } from './support.ts';

const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true });
const validate = ajv.compile(planJsonSchema());

/** Every map with its place, `switch.steps[]`. */
function mapsIn(schema: JsonSchema, path = ''): { path: string; schema: JsonSchema }[] {
  const { properties = {}, anyOf = [], items, additionalProperties: values } = schema;
  return [
    ...(schema.properties === undefined ? [] : [{ path, schema }]),
    ...Object.entries(properties).flatMap(([key, part]) => (isSchema(part) ? mapsIn(part, `${path}.${key}`) : [])),
    ...anyOf.flatMap((form) => mapsIn(form, path)),
    ...(isSchema(values) ? mapsIn(values, `${path}.NAME`) : []),
    ...(isSchema(items) ? mapsIn(items, `${path}[]`) : []),
  ];
}

const keys = mapsIn(planJsonSchema()).flatMap(({ path, schema }) =>
  Object.entries(schema.properties ?? {}).flatMap(([key, part]) =>
    isSchema(part) ? [{ name: `${path}.${key}`, schema: part }] : [],
  ),
);

/** All the defaults of a map, as a file would write them. */
function defaultsIn({ properties = {} }: JsonSchema): Record<string, unknown> {
  const entries = Object.entries(properties).flatMap(([key, part]): [string, unknown][] => {
    if (!isSchema(part)) return [];
    const long = part.anyOf?.find((form) => form.properties !== undefined) ?? part;
    if (part.default !== undefined) return [[key, part.default]];
    const inner = long.properties === undefined || ADAPTERS.test(key) ? {} : defaultsIn(long);
    return Object.keys(inner).length === 0 ? [] : [[key, inner]];
  });
  return Object.fromEntries(entries);
}
const ADAPTERS = /^(platform|router|scrape|prometheus|cloudwatch|web)$/;

describe('the JSON Schema', () => {
  it.each(['linkedin.yaml', 'checkout.yaml'])('accepts %s', (name) => {
    validate(parse(sharedPlan(name).text));
    expect(validate.errors).toBeNull();
  });

  it.each([
    'platform: local',
    'version: 2.4',
    'router: gateway_api',
    'metrics: scrape',
    'switch: {steps: [5, 12.5%, {share: 100}]}',
    'rollback_safe_until: observation',
    'rollback_safe_until: 2h',
    'circuit_break: {}',
    'checks: {a: {http: {get: /q}}, b: {http: {get: "https://a.example.com"}}}',
    'notifiers: [{webhook: {url: "https://a.example.com", secret: {env: SMOKE_A}}}]',
  ])('accepts the short form %s', (text) => {
    validate(parse(text));
    expect(validate.errors).toBeNull();
  });

  it.each([
    'swich: {}',
    'switch: {drain: 30}',
    'switch: {drain: -5s}',
    'metrics: {coverage: 120}',
    'platform: nomad',
    'service: A_B',
    'smoke: {endpoints: [{status: 200}]}',
    'checks: {a: {htp: {path: /q}}}',
    'checks: {a b: {http: {path: /q}}}',
    'checks: {a: {http: {path: q}}}',
    'hooks: {on_rollback: [{name: a, script: {command: [x]}, on_failure: hold}]}',
    'hooks: {before_switch: [{script: {command: [x]}}]}',
    'notifiers: [{webhook: {url: "https://a.example.com", secret: hunter2}}]',
    'rollback_safe_until: obsevation',
  ])('refuses %s, as the reader does', (text) => {
    expect(validate(parse(text))).toBe(false);
    const sets = REQUIRED.filter((set) => !text.startsWith(set.split('=')[0] ?? ''));
    expect(errorsOf([{ name: 'plan.yaml', text }], sets)).not.toEqual([]);
  });

  it('describes every key, and knows no other', () => {
    expect(keys.length).toBeGreaterThan(150);
    expect(
      keys.filter(({ schema }) => !/^[A-Z`\d].{8,}\.$/.test(schema.description ?? '')).map(({ name }) => name),
    ).toEqual([]);
    const open = mapsIn(planJsonSchema()).filter(({ schema }) => schema.additionalProperties !== false);
    expect(open.map(({ path }) => path)).toEqual([]);
  });

  it('is draft 7, and gives examples and defaults that it accepts itself', () => {
    expect(planJsonSchema().$schema).toBe('http://json-schema.org/draft-07/schema#');
    const { definitions } = planJsonSchema();
    for (const { name, schema } of keys) {
      const accepts = new Ajv({ strict: false }).compile({ ...schema, definitions });
      const given = [...(Array.isArray(schema.examples) ? schema.examples : []), schema.default];
      for (const value of given.filter((one) => one !== undefined)) {
        expect(accepts(value), `${name}: ${JSON.stringify(value)}`).toBe(true);
      }
    }
  });

  it('states the defaults that the reader fills in', () => {
    const phases = '{warmup: {}, health_check: {}, performance_validation: {}, full_switch: {}}';
    const text = `approval: {approvers: [ana]}\nsmoke: {health: {}}\ncircuit_break: {}\nblue_green_switch: {validation_phases: ${phases}}`;
    const sets = [...REQUIRED, 'switch.strategy=gradual'];
    const written = load(`${JSON.stringify(defaultsIn(planJsonSchema()))}`, [...sets, 'approval.approvers=[ana]']);
    expect(written.plan).toEqual(load(text, sets).plan);
  });

  it('completes what a plan names itself, and says what each point allows', () => {
    const at = (name: string) => keys.find((key) => key.name === name)?.schema;
    expect(Object.keys(at('.checks.NAME.http')?.properties ?? {})).toContain('path');
    expect(at('.hooks.before_switch[].on_failure')?.enum).toEqual(['rollback', 'continue', 'hold']);
    expect(at('.hooks.on_rollback[].on_failure')?.enum).toEqual(['continue']);
    expect(at('.rollback_safe_until')?.anyOf?.[0]?.enum).toContain('decision_window');
  });

  it('says in words what holds without a key', () => {
    const about = (name: string) => keys.find((key) => key.name === name)?.schema.description;
    expect(about('.service')).toBe('What is deployed. Part of the workflow ID. Required, here or in another file.');
    expect(about('.metrics.window')).toMatch(/ Default: 10s\.$/);
    expect(about('.platform.local.url')).toMatch(/ Default: the worker's own\.$/);
  });
});
