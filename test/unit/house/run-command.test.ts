import { expect, it } from 'vitest';
import { runCommand } from '../../../src/local/temporal/run-command.ts';

it('returns what a program says', async () => {
  expect(await runCommand(process.execPath, ['--version'], 20_000)).toMatchObject({
    ok: true,
    output: `${process.version}\n`,
  });
});

it('says that a program is not there', async () => {
  expect(await runCommand('/nowhere/temporal', [], 1_000)).toMatchObject({
    ok: false,
    reason: '/nowhere/temporal: not found',
  });
});

it('gives the last line of a program that fails', async () => {
  const script = 'console.error("first"); console.error("at last"); process.exit(3)';
  expect(await runCommand(process.execPath, ['-e', script], 20_000)).toMatchObject({ ok: false, reason: 'at last' });
});

it('ends a program that hangs', async () => {
  const answer = await runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], 200);
  expect(answer).toMatchObject({ ok: false, reason: `${process.execPath}: no end after 0.2 s` });
});
