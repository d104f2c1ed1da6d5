import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.ts';
import { quickPlan } from './plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'cutover-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('cutover plan', () => {
  it('shows the timeline within 80 columns', async () => {
    const result = await runCli(['plan', '-'], { input: quickPlan('shop') });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/begins +phase +share +takes/);
    expect(Math.max(...result.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('gives one JSON document with --json, of the plan as it is set', async () => {
    const result = await runCli(['plan', '-', '--json', '--set', 'observation.duration=3h'], {
      input: quickPlan('shop'),
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const { valid, timeline } = JSON.parse(result.stdout);
    expect({ valid, service: timeline.service }).toEqual({ valid: true, service: 'shop' });
    expect(timeline.stages.find(({ phase }: { phase: string }) => phase === 'observation').least_ms).toBe(10_800_000);
  });

  it('tells what is wrong as `validate` does', async () => {
    const result = await runCli(['plan', '-', '--json'], { input: 'swich: {}' });
    expect(result.code).toBe(2);
    expect(JSON.parse(result.stdout).problems[0]).toMatchObject({ code: 'CUTOVER_PLAN_UNKNOWN_KEY', line: 1 });
  });

  it('reads no more of an endless file than it needs to refuse it', async () => {
    const result = await runCli(['validate', '/dev/zero']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('CUTOVER_PLAN_TOO_LARGE');
  });

  it('shows no escape sequence of a file or its name', async () => {
    const file = join(folder, 'a\u001b[31m.yaml');
    writeFileSync(file, 'service: "\u001b[2Jx"\n"\u001b[2J": 1\n');
    const result = await runCli(['plan', file]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('U+001B');
    expect(result.stderr).not.toContain('\u001b');
  });

  it('shows the first fifty of thousands of problems', async () => {
    const input = Array.from({ length: 2_000 }, (_, index) => `k${index}: 1`).join('\n');
    const result = await runCli(['validate', '-'], { input });
    expect(result.stderr).toContain('… and 1950 more');
    expect(result.stderr.split('\n').length).toBeLessThan(200);
  });
});

describe('cutover schema', () => {
  it('prints a schema that validators read', async () => {
    const result = await runCli(['schema']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(JSON.parse(result.stdout));
    expect(validate({ service: 'checkout', version: 1.2, platform: 'local' })).toBe(true);
    expect(validate({ servise: 'checkout' })).toBe(false);
  });

  it('writes it to a file, and says how to use it', async () => {
    const file = join(folder, 'plan.schema.json');
    const result = await runCli(['schema', '--out', file]);
    expect(result).toMatchObject({ code: 0, stdout: '' });
    expect(result.stderr).toContain(`$schema=${file}`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ title: 'Cutover plan' });
  });

  it('says why a file cannot be written', async () => {
    const result = await runCli(['schema', '--out', join(folder, 'nowhere', 'x.json'), '--json']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(result.stderr)).toMatchObject({ code: 'CUTOVER_USAGE' });
  });
});
