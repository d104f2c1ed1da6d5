/** The command line as whole processes, as a shell sees it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';

export const CUTOVER = [join(packageRoot(), 'bin', 'cutover.js')];
/** Starts Node, and does nothing. */
export const NOTHING = ['-e', '0'];

/** Milliseconds of each run, from the process's start to its end; throws when one does not end with 0. */
export async function runs(args: readonly string[], count: number, env: NodeJS.ProcessEnv = {}): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < count; index += 1) samples.push(await runOnce(args, env));
  return samples;
}

async function runOnce(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`);
  return performance.now() - startedMs;
}
