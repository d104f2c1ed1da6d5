import { mkdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withFolderLock } from '../../../src/local/temporal/folder-lock.ts';
import { temporaryFolder } from '../../support/processes.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('lock');
});
afterAll(() => folder.remove());

it('lets one in at a time, and tells those who wait', async () => {
  const path = join(folder.path, 'a', 'busy.lock');
  let inside = 0;
  let most = 0;
  let waited = 0;
  const work = async () => {
    inside++;
    most = Math.max(most, inside);
    await sleep(30);
    inside--;
  };
  await Promise.all([1, 2, 3].map(() => withFolderLock(path, () => waited++, work)));
  expect(most).toBe(1);
  expect(waited).toBe(2);
  await expect(stat(path)).rejects.toThrow('ENOENT');
});

it('takes over the lock of a process that died', async () => {
  const path = join(folder.path, 'dead.lock');
  await mkdir(path);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  await expect(
    withFolderLock(
      path,
      () => undefined,
      async () => 'done',
    ),
  ).resolves.toBe('done');
});

it('is free again after work that failed', async () => {
  const path = join(folder.path, 'failed.lock');
  const fail = withFolderLock(
    path,
    () => undefined,
    () => Promise.reject(new Error('no')),
  );
  await expect(fail).rejects.toThrow('no');
  await expect(
    withFolderLock(
      path,
      () => undefined,
      async () => 'next',
    ),
  ).resolves.toBe('next');
});
