import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'cutover-init-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('cutover init', () => {
  it('writes a plan that validate accepts, and says what to type next', async () => {
    const file = join(folder, 'a plan.yaml');
    const flags = [
      '--service',
      'shop',
      '--strategy',
      'gradual',
      '--steps',
      '5,25,100',
      '--approvers',
      'ana@example.com',
    ];
    const written = await runCli(['init', ...flags, '--observation', '30m', '--out', file]);
    expect(written).toMatchObject({ code: 0, stderr: '' });
    expect(written.stdout).toContain(`cutover plan '${file}'`);
    expect(await runCli(['validate', file])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('valid: shop 1.0.0'),
    });
  });

  it('leaves a file that is there alone, unless it is told otherwise', async () => {
    const file = join(folder, 'kept.yaml');
    writeFileSync(file, 'mine');
    const refused = await runCli(['init', '--service', 'shop', '--out', file, '--json']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(refused.stderr)).toMatchObject({
      code: 'CUTOVER_USAGE',
      message: expect.stringContaining('--force'),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    const forced = await runCli(['init', '--service', 'shop', '--out', file, '--force', '--json']);
    expect(JSON.parse(forced.stdout)).toMatchObject({ file, answers: { service: 'shop', strategy: 'instant' } });
    expect(readFileSync(file, 'utf8')).toContain('service: shop');
  });

  it('prints the plan where it is to go to stdout', async () => {
    const printed = await runCli(['init', '--service', 'shop', '--out', '-']);
    expect(await runCli(['validate', '-'], { input: printed.stdout })).toMatchObject({ code: 0 });
  });

  it('names the flag that is missing where there is no terminal', async () => {
    const missing = await runCli(['init'], { env: { PWD: folder } });
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toContain('CUTOVER_USAGE --service is missing');
  });

  it('writes nothing when no plan takes the answers', async () => {
    const file = join(folder, 'none.yaml');
    const refused = await runCli(['init', '--service', 'My Shop', '--out', file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/No plan takes these answers\. service: /);
    expect(() => readFileSync(file)).toThrow();
    const nowhere = await runCli(['init', '--service', 'shop', '--out', join(folder, 'nowhere', 'x.yaml')]);
    expect(nowhere.stderr).toContain('CUTOVER_USAGE The plan cannot be written');
  });
});
