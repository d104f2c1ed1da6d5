import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const REFRESH_MS = 2_000;
/** A lock that was not refreshed for this long belongs to a process that died. */
const STALE_MS = 15_000;

/**
 * Keeps processes from doing the same long work at once. Advisory: the work itself must be safe to do twice, since a
 * holder that was frozen may wake after another took its lock.
 */
export async function withFolderLock<T>(path: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  await acquire(path, onWait);
  const refresh = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, REFRESH_MS);
  refresh.unref();
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    await rm(path, { recursive: true, force: true });
  }
}

async function acquire(path: string, onWait: () => void): Promise<void> {
  let told = false;
  for (;;) {
    try {
      await mkdir(path);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    await removeStale(path);
    if (!told) onWait();
    told = true;
    await sleep(200);
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null || Date.now() - found.mtimeMs < STALE_MS) return;
  const aside = `${path}.stale-${process.pid}-${Date.now()}`;
  // Of several that see it stale, the rename lets one go on.
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { recursive: true, force: true });
}
