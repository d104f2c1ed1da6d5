import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.ts';
import { freePort } from '../../support/ports.ts';
import { quickPlan } from './plan.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/plans/${name}`, import.meta.url));
const linkedin = [
  'validate',
  fixture('linkedin.yaml'),
  '--set',
  'service=checkout',
  '--set',
  'version=2.0.0',
  '--set',
  'platform=local',
];

const NOT_BUILT = `service: shop
version: 1.0.0
platform: {ecs: {cluster: shop, services: {blue: shop-blue, green: shop-green}}}
router: {haproxy: {socket: /run/haproxy.sock, backend: shop}}
metrics: {prometheus: {url: "http://prometheus:9090"}}
`;

describe('cutover validate', () => {
  it('accepts the plan of the article, completed on the command line', async () => {
    const result = await runCli(linkedin);
    expect(result).toMatchObject({ code: 0, stdout: 'valid: checkout 2.0.0 → production\n' });
    const json = await runCli([...linkedin, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: true, plan: { plan_version: 1, service: 'checkout' } });
    expect(json.stderr).toBe('');
  });

  it('warns of what is not built, and start refuses it without asking Temporal', async () => {
    const input = NOT_BUILT;
    const result = await runCli(['validate', '-'], { input });
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/-:\d+:\d+ warning CUTOVER_ADAPTER_NOT_BUILT/);
    const started = await runCli(['start', '-', '--json'], { input, address: `127.0.0.1:${await freePort()}` });
    expect(started).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(started.stderr)).toMatchObject({ code: 'CUTOVER_ADAPTER_NOT_BUILT' });
  });

  it('names the place of a mistake, in text and as JSON', async () => {
    const input = quickPlan('shop').replace('traffic_percentage: 10', 'traffic_percentge: 10');
    const text = await runCli(['validate', '-'], { input });
    expect(text).toMatchObject({ code: 2, stdout: '' });
    expect(text.stderr).toMatch(/-:10:\d+ error CUTOVER_/);
    expect(text.stderr).toContain('traffic_percentage');
    const json = await runCli(['validate', '-', '--json'], { input });
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: false, problems: [{ line: 10, severity: 'error' }] });
    expect(JSON.parse(json.stderr)).toMatchObject({ code: 'CUTOVER_PLAN_INVALID' });
  });

  it('needs a file that can be read', async () => {
    const result = await runCli(['validate', '/nowhere/plan.yaml', '--json']);
    expect(result.code).toBe(2);
    expect(JSON.parse(result.stderr)).toMatchObject({
      code: 'CUTOVER_USAGE',
      message: expect.stringContaining('/nowhere/plan.yaml'),
    });
  });
});

describe('the program', () => {
  it('shows commands and exit codes with --help, and its version', async () => {
    const help = await runCli(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('3  rolled back');
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[]],
    [['statsu']],
    [['status']],
    [['status', 'a', '--wrong']],
    [['extend', 'a', '-5m', '--wrong', 'x']],
    [['list', '--limit', '0']],
    [['status', "a'b"]],
  ])('answers %j with usage and exit code 2', async (args) => {
    const result = await runCli(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).not.toBe('');
    expect(result.stderr).not.toContain('    at ');
  });

  it('tells usage errors as JSON too, with a suggestion for a typo', async () => {
    const result = await runCli(['statsu', '--json']);
    expect(JSON.parse(result.stderr)).toMatchObject({
      code: 'CUTOVER_USAGE',
      message: expect.stringContaining('status'),
    });
  });

  it('has the worker’s own help', async () => {
    const result = await runCli(['worker', '--help']);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain('--local-url');
  });
});
