import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ScriptCall } from '../../../src/plan/types.ts';
import { hookInput, runHook, SECRET } from './call-support.ts';

let folder: string;
let scripts: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutover-scripts-'));
  scripts = join(folder, 'scripts');
  mkdirSync(scripts);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, ...lines: string[]): string {
  const path = join(scripts, name);
  writeFileSync(path, `#!/bin/sh\n${lines.join('\n')}\n`);
  chmodSync(path, 0o755);
  return path;
}

function call(command: string[], env: ScriptCall['env'] = {}): ScriptCall {
  return { kind: 'script', command, env };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie that nobody has collected yet is dead.
  return !/^State:\s+Z/m.test(tryRead(`/proc/${pid}/status`));
}

async function pidIn(file: string): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const pid = Number(tryRead(file));
    if (pid > 0) return pid;
    await sleep(20);
  }
  throw new Error(`no process has written ${file}`);
}

function tryRead(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function expectGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 100 && isAlive(pid); tries += 1) await sleep(20);
  expect(isAlive(pid)).toBe(false);
}

describe('a script hook', () => {
  it('runs in the directory with its arguments, the event and nothing of the worker’s environment', async () => {
    write('migrate', 'pwd', 'env | sort > env.txt', 'echo "applied $1 and $2"');
    const input = hookInput(
      call(['migrate', 'a b', '$HOME; echo no'], { DATABASE: 'shop', TOKEN: { env: 'SMOKE_TOKEN' } }),
    );
    const { note, error } = await runHook(input, { scripts });
    expect(error).toBeNull();
    expect(note).toBe('applied a b and $HOME; echo no');
    const env = readFileSync(join(scripts, 'env.txt'), 'utf8').split('\n');
    expect(env).toEqual(
      expect.arrayContaining([
        'CUTOVER_POINT=before_switch',
        'CUTOVER_DEPLOYMENT=cutover/production/checkout',
        'CUTOVER_VERSION=2.0.0',
        'CUTOVER_PREVIOUS_VERSION=1.0.0',
        'CUTOVER_TARGET=',
        'CUTOVER_CANDIDATE=green',
        'CUTOVER_WEIGHT_BLUE=100',
        'CUTOVER_REASON=',
        'CUTOVER_IDEMPOTENCY_KEY=run-1/before_switch/migrate',
        'DATABASE=shop',
        `TOKEN=${SECRET}`,
      ]),
    );
    expect(env.filter((line) => line.startsWith('HOME=') || line.startsWith('VITEST'))).toEqual([]);
  });

  it('may be named by its absolute path, or by a link that stays in the directory', async () => {
    const path = write('real', 'echo yes');
    symlinkSync(path, join(scripts, 'link'));
    expect((await runHook(hookInput(call([path])), { scripts })).note).toBe('yes');
    expect((await runHook(hookInput(call(['link'])), { scripts })).note).toBe('yes');
  });

  it('tells its last line, and “done” without one', async () => {
    write('quiet', 'exit 0');
    write('loud', 'echo first', 'echo second >&2', 'echo', 'echo');
    expect((await runHook(hookInput(call(['quiet'])), { scripts })).note).toBe('done');
    expect((await runHook(hookInput(call(['loud'])), { scripts })).note).toMatch(/^(first|second)$/);
  });

  it('that fails is worth another attempt, and tells its exit code and last line', async () => {
    write('fails', 'echo "no such table" >&2', 'exit 3');
    const { error } = await runHook(hookInput(call(['fails'])), { scripts });
    expect(error).toMatchObject({ type: 'CUTOVER_HOOK_FAILED', nonRetryable: false });
    expect(error?.message).toBe('hook migrate: it ended with exit code 3: no such table');
  });

  it('that cannot be started, or is killed, says so', async () => {
    writeFileSync(join(scripts, 'plain'), 'not executable');
    write('killed', 'kill -9 $$');
    const plain = await runHook(hookInput(call(['plain'])), { scripts });
    expect(plain.error).toMatchObject({ type: 'CUTOVER_HOOK_FAILED' });
    expect(plain.error?.message).toContain('it cannot be started: EACCES');
    expect((await runHook(hookInput(call(['killed'])), { scripts })).error?.message).toContain('ended by SIGKILL');
  });

  it('is stopped after its time limit with everything that it started', async () => {
    write('slow', 'sleep 60 &', 'echo $! > child.pid', 'wait');
    const { error } = await runHook(hookInput(call(['slow']), { timeout_ms: 500 }), { scripts });
    expect(error?.message).toBe('hook migrate: it was stopped after 500ms');
    await expectGone(await pidIn(join(scripts, 'child.pid')));
  });

  it('that ignores SIGTERM is killed', async () => {
    write('stubborn', "trap '' TERM", 'echo $$ > own.pid', 'while :; do sleep 0.1; done');
    const { error } = await runHook(hookInput(call(['stubborn']), { timeout_ms: 300 }), { scripts });
    expect(error?.message).toContain('it was stopped after 300ms');
    await expectGone(await pidIn(join(scripts, 'own.pid')));
  });

  it('ends with itself: what it leaves running is killed, and holds nothing up', async () => {
    write('leaves', 'sleep 60 &', 'echo $! > child.pid', 'echo ready');
    const { note } = await runHook(hookInput(call(['leaves']), { timeout_ms: 10_000 }), { scripts });
    expect(note).toBe('ready');
    await expectGone(await pidIn(join(scripts, 'child.pid')));
  });

  it('is ended by a cancellation, with everything that it started', async () => {
    write('slow', 'sleep 60 &', 'echo $! > child.pid', 'wait');
    const cancel = new AbortController();
    const running = runHook(hookInput(call(['slow']), { timeout_ms: 60_000 }), { scripts, signal: cancel.signal });
    const child = await pidIn(join(scripts, 'child.pid'));
    cancel.abort();
    expect((await running).error).toMatchObject({ name: 'CancelledFailure' });
    await expectGone(child);
  });

  it('may write any amount: the end of it counts', async () => {
    write('floods', 'head -c 20000000 /dev/zero | tr "\\\\0" x', 'echo', 'echo "the end"');
    expect((await runHook(hookInput(call(['floods']), { timeout_ms: 20_000 }), { scripts })).note).toBe('the end');
    write('one-line', 'head -c 200000 /dev/zero | tr "\\\\0" x');
    expect((await runHook(hookInput(call(['one-line'])), { scripts })).note).toBe('done');
  });

  it('never shows a secret that it writes', async () => {
    write('echoes', 'echo "with $TOKEN"', 'exit $1');
    const env = { TOKEN: { env: 'SMOKE_TOKEN' } };
    const good = await runHook(hookInput(call(['echoes', '0'], env)), { scripts });
    expect(good.note).toBe('with {env: SMOKE_TOKEN}');
    const bad = await runHook(hookInput(call(['echoes', '1'], env)), { scripts });
    expect(bad.error?.message).toContain('exit code 1: with {env: SMOKE_TOKEN}');
    expect(good.written + bad.written).not.toMatch(/horse|staple/);
  });

  it('never shows the last line of a secret of several lines', async () => {
    write('echoes', 'printf "%s\\n" "$TOKEN"');
    const secrets = { SMOKE_TOKEN: '-----BEGIN-----\nkeykeykey\nlastline' };
    const { note } = await runHook(hookInput(call(['echoes'], { TOKEN: { env: 'SMOKE_TOKEN' } })), {
      scripts,
      secrets,
    });
    expect(note).toBe('{env: SMOKE_TOKEN}');
  });

  it('is not started without its secret', async () => {
    write('echoes', 'touch started');
    const { error } = await runHook(hookInput(call(['echoes'], { TOKEN: { env: 'SMOKE_TOKEN' } })), {
      scripts,
      secrets: {},
    });
    expect(error?.message).toContain('the worker gives no value for SMOKE_TOKEN');
    expect(tryRead(join(scripts, 'started'))).toBe('');
  });
});

describe('a script is refused for good', () => {
  const refusal = async (command: string[], allowed: string | null, env: ScriptCall['env'] = {}) => {
    const { error } = await runHook(hookInput(call(command, env)), { scripts: allowed });
    expect(error).toMatchObject({ type: 'CUTOVER_SCRIPT_REFUSED', nonRetryable: true });
    return error?.message;
  };

  it('when the worker runs none, or its directory is gone', async () => {
    write('fine', 'echo');
    expect(await refusal(['fine'], null)).toContain('runs no scripts');
    expect(await refusal(['fine'], join(folder, 'nowhere'))).toContain('cannot be read');
  });

  it('when it lies elsewhere: by its path, by dots, by a link, or in a directory whose name begins alike', async () => {
    const outside = join(folder, 'outside');
    writeFileSync(outside, '#!/bin/sh\necho out\n', { mode: 0o755 });
    symlinkSync(outside, join(scripts, 'link'));
    mkdirSync(`${scripts}-more`);
    writeFileSync(join(`${scripts}-more`, 'x'), '#!/bin/sh\n', { mode: 0o755 });
    for (const name of ['/bin/sh', '../outside', 'link', '../scripts-more/x']) {
      expect(await refusal([name], scripts)).toContain('does not lie in');
    }
  });

  it('when there is none of that name, or it is a directory', async () => {
    mkdirSync(join(scripts, 'sub'));
    // A name without a slash is not looked for elsewhere.
    expect(await refusal(['sh'], scripts)).toContain('there is no program sh');
    expect(await refusal(['sub'], scripts)).toBe('sub is no program');
    expect(await refusal(['.'], scripts)).toContain('does not lie in');
  });

  it.each(['PATH', 'LD_PRELOAD', 'BASH_ENV', 'NODE_OPTIONS', 'PYTHONPATH', 'CUTOVER_VERSION', 'JDK_JAVA_OPTIONS'])(
    'when the plan sets %s, by which it could run other code',
    async (name) => {
      write('fine', 'echo');
      expect(await refusal(['fine'], scripts, { [name]: 'x' })).toContain(`may not set ${name}`);
    },
  );
});
