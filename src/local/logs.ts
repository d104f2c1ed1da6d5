import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** More than the replicas of two colours, so that only logs of ended instances go. */
const KEPT = 200;

/** Removes the logs of a service that were written to longest ago; an instance that crashes all day leaves thousands. */
export function pruneLogs(directory: string): void {
  const names = readdirSync(directory);
  if (names.length <= KEPT) return;
  const files = names.map((name) => join(directory, name));
  const byAge = files.map((path) => ({ path, writtenMs: statSync(path).mtimeMs }));
  byAge.sort((one, other) => other.writtenMs - one.writtenMs);
  for (const { path } of byAge.slice(KEPT)) rmSync(path, { force: true });
}
