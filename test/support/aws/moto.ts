/** A real moto server on 127.0.0.1: the AWS APIs, with what they keep in memory. Installed once per version into the user's cache folder. */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import envPaths from 'env-paths';
import { withFolderLock } from '../../../src/local/temporal/folder-lock.ts';
import { runCommand } from '../../../src/local/temporal/run-command.ts';
import { freePort } from '../ports.ts';
import { spawnProcess, temporaryFolder } from '../processes.ts';

const MOTO = 'moto[server]==5.2.5';
const INSTALL_LIMIT_MS = 400_000;
const START_LIMIT_MS = 60_000;

/** The interpreter that has moto; throws the reason where it cannot be had. The first time on a machine it takes a minute. */
export async function ensureMoto(tell: (line: string) => void = () => undefined): Promise<string> {
  const cache = envPaths('cutover', { suffix: '' }).cache;
  const folder = join(cache, MOTO.replace(/[^\w.]+/g, '-'));
  const python = join(folder, 'bin', 'python');
  const done = join(folder, 'complete');
  if (existsSync(done)) return python;
  await mkdir(cache, { recursive: true });
  await withFolderLock(
    `${folder}.lock`,
    () => tell('waiting for another process that installs moto …'),
    async () => {
      if (existsSync(done)) return;
      tell(`installing ${MOTO} from PyPI, once on this machine (about 1 minute) …`);
      // A virtual environment names its own folder, so that it is made where it stays.
      await rm(folder, { recursive: true, force: true });
      await must('python3', ['-m', 'venv', folder], 60_000);
      await must(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', MOTO], INSTALL_LIMIT_MS);
      await mkdir(`${done}.new`);
      await rename(`${done}.new`, done);
    },
  );
  return python;
}

async function must(command: string, args: string[], limitMs: number): Promise<void> {
  const ended = await runCommand(command, args, limitMs);
  if (!ended.ok) throw new Error(`${command} ${args.join(' ')}: ${ended.reason}`);
}

export interface Moto {
  url: string;
  stop(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const python = await ensureMoto();
  const folder = await temporaryFolder('moto');
  const port = await freePort();
  const server = await spawnProcess({
    command: python,
    args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    logFile: join(folder.path, 'moto.log'),
    cwd: folder.path,
  });
  const url = `http://127.0.0.1:${port}`;
  await answers(url, server.log);
  return {
    url,
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}

async function answers(url: string, log: () => Promise<string>): Promise<void> {
  const endsAtMs = performance.now() + START_LIMIT_MS;
  while (performance.now() < endsAtMs) {
    const response = await fetch(`${url}/moto-api/data.json`).catch(() => null);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    await sleep(100);
  }
  throw new Error(`moto did not answer within ${START_LIMIT_MS} ms:\n${(await log()).slice(-2_000)}`);
}
