import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Monitor, startMonitor } from '../../../src/worker/monitor.ts';

const DOCS = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');

let monitor: Monitor;
let families: string[];

beforeAll(async () => {
  const log = { info: () => undefined, warn: () => undefined };
  monitor = await startMonitor({
    address: { host: '127.0.0.1', port: 0, isDefault: false },
    sdkPort: () => null,
    log,
  });
  const page = await (await fetch(`${monitor.url}/metrics`)).text();
  families = [...page.matchAll(/^# TYPE (cutover_\w+)/gm)].map(([, name = '']) => name);
});
afterAll(() => monitor?.close());

describe('docs/operations.md', () => {
  it('has a row for every metric, and none for another', () => {
    const rows = [...DOCS.matchAll(/^\| `(cutover_\w+)` \|/gm)].map(([, name]) => name);
    expect(families.length).toBeGreaterThan(10);
    expect(rows.toSorted()).toEqual(families.toSorted());
  });

  it('has alerts that can be read, on metrics that there are', () => {
    const [, block = ''] = /```yaml\n(groups:[\s\S]*?)```/.exec(DOCS) ?? [];
    const { groups } = parse(block) as {
      groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThanOrEqual(5);
    for (const { alert, expr, annotations } of rules) {
      const used = [...expr.matchAll(/cutover_\w+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''));
      expect(families, alert).toEqual(expect.arrayContaining(used));
      expect(used.length, alert).toBeGreaterThan(0);
      expect(annotations.summary, alert).toMatch(/\w/);
    }
  });
});
