import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import { sharedPlan } from './support.ts';

const EXAMPLES = new URL('../../../examples/', import.meta.url);

function example(name: string) {
  return { name, text: readFileSync(new URL(name, EXAMPLES), 'utf8') };
}

const plans = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));

describe('the examples', () => {
  it('are there', () => {
    expect(plans).toEqual(
      expect.arrayContaining([
        'canary.yaml',
        'linkedin.yaml',
        'local.yaml',
        'migration.yaml',
        'one-box.yaml',
        'validation.yaml',
      ]),
    );
  });

  it.each(plans.filter((name) => name !== 'linkedin.yaml'))('%s can be started as it is', (name) => {
    const { plan, warnings } = loadPlan([example(name)]);
    expect(warnings).toEqual([]);
    expect(checkNormalisedPlan(plan)).toEqual([]);
  });

  it('local.yaml completes linkedin.yaml', () => {
    const { plan, warnings } = loadPlan([example('linkedin.yaml'), example('local.yaml')]);
    expect(warnings).toEqual([]);
    expect(plan.phases.performance_validation?.traffic_percentage).toBe(10);
  });

  it('linkedin.yaml is the shared plan', () => {
    expect(example('linkedin.yaml').text).toBe(sharedPlan('linkedin.yaml').text);
  });
});
