/** The processes of one `cutover dev`, written down, so that a killed one leaves none behind unseen. */
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CutoverError } from '../../errors.ts';

const run = promisify(execFile);

export interface Pids {
  [name: string]: number;
}

function fileIn(folder: string): string {
  return join(folder, 'pids.json');
}

export async function writePids(folder: string, pids: Pids): Promise<void> {
  await writeFile(fileIn(folder), `${JSON.stringify(pids)}\n`);
}

export async function removePids(folder: string): Promise<void> {
  await rm(fileIn(folder), { force: true });
}

/** CUTOVER_USAGE when processes of an earlier run on the same folder are alive, with the command that ends them. */
export async function refuseLeftovers(folder: string): Promise<void> {
  const alive: string[] = [];
  for (const [name, pid] of Object.entries(await readPids(folder))) {
    if (await isOurs(pid, folder)) alive.push(`${name} ${pid}`);
  }
  if (alive.length === 0) return;
  const pids = alive.map((one) => one.split(' ')[1]).join(' ');
  throw new CutoverError(
    'CUTOVER_USAGE',
    `An earlier \`cutover dev\` on ${folder} still runs (${alive.join(', ')}). End it: kill ${pids}`,
  );
}

async function readPids(folder: string): Promise<Pids> {
  try {
    const pids: unknown = JSON.parse(await readFile(fileIn(folder), 'utf8'));
    if (typeof pids !== 'object' || pids === null) return {};
    return Object.fromEntries(Object.entries(pids).filter(([, pid]) => Number.isInteger(pid) && pid > 1));
  } catch {
    return {};
  }
}

/** A process id is given again to others: only one whose command names the folder is meant. */
async function isOurs(pid: number, folder: string): Promise<boolean> {
  try {
    const { stdout } = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    return stdout.includes(folder);
  } catch {
    return false;
  }
}
