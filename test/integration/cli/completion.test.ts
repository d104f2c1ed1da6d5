import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../../src/package-root.ts';
import { runCli } from '../../support/cli.ts';
import { freePort } from '../../support/ports.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

/** What bash offers behind the line, the program being the built one. */
async function complete(line: string, address: string): Promise<string[]> {
  const program = `cutover() { '${process.execPath}' '${join(packageRoot(), 'bin/cutover.js')}' "$@"; }`;
  const script = `${program}\nsource <(cutover completion bash)\nCOMP_LINE=$1 COMP_POINT=\${#1}\n_cutover_complete\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, TEMPORAL_ADDRESS: address };
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script, 'bash', line], {
    env,
    timeout: 20_000,
  });
  return stdout.split('\n').filter((candidate) => candidate !== '');
}

test('bash completes commands, options, their values, and deployments that Temporal knows', async () => {
  const { address } = stage;
  expect(await complete('cutover hist', address)).toEqual(['history']);
  expect(await complete('cutover start --until ', address)).toEqual(['lease', 'closed']);
  await runCli(['start', await stage.planFile('shop')], { address });
  // On a busy machine a second may be too short, and then the shell is offered nothing.
  const offered = (line: string) => expect.poll(() => complete(line, address), { timeout: 25_000 });
  await offered('cutover status sh').toEqual(['shop']);
  await offered('cutover rollback --reason bad production/').toEqual(['production/shop']);
});

test('a Temporal that is not there leaves the shell without deployments, and without an error', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  expect(await complete('cutover status sh', address)).toEqual([]);
  expect(await runCli(['__complete', '--', 'status', ''], { address })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  });
});

test('an unknown shell is refused with the ones there are', async () => {
  const refused = await runCli(['completion', 'csh']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/CUTOVER_USAGE .*bash, zsh, fish/);
});
