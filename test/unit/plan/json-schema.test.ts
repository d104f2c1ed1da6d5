import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { planJsonSchema } from '../../../src/plan/schema/json-schema.ts';
import { errorsOf, REQUIRED, sharedPlan } from './support.ts';

const validate = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true }).compile(planJsonSchema());

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
  ])('refuses %s, as the reader does', (text) => {
    expect(validate(parse(text))).toBe(false);
    const sets = REQUIRED.filter((set) => !text.startsWith(set.split('=')[0] ?? ''));
    expect(errorsOf([{ name: 'plan.yaml', text }], sets)).not.toEqual([]);
  });
});
