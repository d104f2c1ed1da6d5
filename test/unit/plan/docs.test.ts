import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_METRICS } from '../../../src/plan/metrics.ts';
import { planReference } from '../../../src/plan/schema/reference.ts';
import { load } from './support.ts';

function page(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
}

const text = page('plan.md');

describe('docs/plan.md', () => {
  it('shows a plan that is valid and can be started', () => {
    const yaml = /```yaml\n(.*?)```/s.exec(text)?.[1] ?? '';
    expect(load(yaml, []).warnings).toEqual([]);
  });

  it('names every built-in metric', () => {
    for (const name of Object.keys(BUILT_IN_METRICS)) expect(text).toContain(`\`${name}\``);
  });
});

describe('docs/metrics.md', () => {
  it('shows queries that a plan may have', () => {
    const yaml = /```yaml\n(.*?)```/s.exec(page('metrics.md'))?.[1] ?? '';
    expect(Object.keys(load(yaml).plan.metrics.queries)).toHaveLength(5);
  });
});

describe('docs/plan-reference.md', () => {
  it('is what `npm run docs` makes of the schema', () => {
    expect(page('plan-reference.md')).toBe(planReference());
  });

  it('has a row for a key of every depth', () => {
    for (const row of ['`service` | name', '`window` | duration | `10s`', '`share` | percentage | **required**']) {
      expect(planReference()).toContain(`| ${row} |`);
    }
  });
});
