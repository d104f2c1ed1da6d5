import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../../src/package-root.ts';
import { spawnProcess, temporaryFolder } from '../../support/processes.ts';

const PARTS = join(packageRoot(), 'test/support/parts.ts');
const REPORTER = join(packageRoot(), 'test/support/reporter.ts');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('closing');
  await symlink(join(packageRoot(), 'node_modules'), join(folder.path, 'node_modules'));
});
afterAll(() => folder.remove());

/** Runs a small suite of its own in a process of its own. */
async function runSuite(name: string, code: string, env: Record<string, string | undefined> = {}) {
  const root = join(folder.path, name);
  await mkdir(root);
  await writeFile(join(root, 'a.test.ts'), code);
  await writeFile(join(root, 'vitest.config.mjs'), 'export default {};\n');
  const vitest = join(packageRoot(), 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--root', root, '--reporter', 'default', '--reporter', REPORTER];
  const logFile = join(root, 'log.txt');
  const child = await spawnProcess({
    command: process.execPath,
    args,
    logFile,
    cwd: root,
    env: { VITEST: undefined, ...env },
  });
  const exitCode = await child.exited;
  const log = await child.log();
  return { code: exitCode, log, lastLine: log.trimEnd().split('\n').at(-1) };
}

const MISSING_PART = `
import { expect, it } from 'vitest';
import { requirePart } from '${PARTS}';
const part = await requirePart('a container engine', () => { throw new Error('not installed'); });
part.suite('containers', () => {
  it('one', () => undefined);
  it('two', () => undefined);
});
it('runs', () => expect(1).toBe(1));
`;

it('ends with the counts of what passed, failed and was skipped', async () => {
  const code = `
import { expect, it } from 'vitest';
it('a', () => undefined);
it('b', () => undefined);
it('c', () => expect(1).toBe(2));
it.skip('d', () => undefined);
`;
  expect(await runSuite('mixed', code)).toMatchObject({ code: 1, lastLine: '2 passed, 1 failed, 1 skipped' });
});

it('counts a file that cannot be loaded as a failure', async () => {
  const answer = await runSuite('broken', "import './nowhere.ts';\n");
  expect(answer).toMatchObject({ code: 1, lastLine: '0 passed, 1 failed, 0 skipped' });
});

it('skips the tests of a missing part, visibly and counted', async () => {
  const answer = await runSuite('missing', MISSING_PART, { CUTOVER_REQUIRE_ALL: undefined });
  expect(answer).toMatchObject({ code: 0, lastLine: '1 passed, 0 failed, 2 skipped' });
  expect(answer.log).toContain('skipped: a container engine is missing: not installed');
});

it('fails for a missing part where every part is required', async () => {
  const answer = await runSuite('required', MISSING_PART, { CUTOVER_REQUIRE_ALL: '1' });
  expect(answer).toMatchObject({ code: 1, lastLine: '0 passed, 1 failed, 0 skipped' });
  expect(answer.log).toContain('required part missing: a container engine: not installed');
});
