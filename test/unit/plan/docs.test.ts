import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_METRICS } from '../../../src/plan/metrics.ts';
import { load } from './support.ts';

const text = readFileSync(new URL('../../../docs/plan.md', import.meta.url), 'utf8');

describe('docs/plan.md', () => {
  it('shows a plan that is valid and can be started', () => {
    const yaml = /```yaml\n(.*?)```/s.exec(text)?.[1] ?? '';
    expect(load(yaml, []).warnings).toEqual([]);
  });

  it('names every built-in metric', () => {
    for (const name of Object.keys(BUILT_IN_METRICS)) expect(text).toContain(`\`${name}\``);
  });
});
