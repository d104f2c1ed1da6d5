/** The rules of the seven-day baseline, by Prometheus' own test of rules. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../../src/package-root.ts';
import { requirePart } from '../../support/parts.ts';

const run = promisify(execFile);
const promtool = await requirePart('promtool', () =>
  execFileSync('promtool', ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] }),
);
const RULES = join(packageRoot(), 'deploy/prometheus/recording-rules.yaml');

promtool.suite('deploy/prometheus/recording-rules.yaml', () => {
  it('is what promtool accepts', async () => {
    const { stdout } = await run('promtool', ['check', 'rules', RULES], { timeout: 20_000 });
    expect(stdout).toContain('SUCCESS: 8 rules found');
  });

  it('follows the active colour through a switch, and waits for four days', async () => {
    const test = join(packageRoot(), 'test/integration/prometheus/recording-rules.promtool.yaml');
    const { stdout } = await run('promtool', ['test', 'rules', test], { timeout: 50_000 });
    expect(stdout).toContain('SUCCESS');
  });

  it('names no colour', () => {
    const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { expr: string }[] }[] };
    const texts = groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
    expect(texts.filter((text) => /blue|green/.test(text))).toEqual([]);
  });
});
