/** The demo's world: Temporal, the local platform, a worker and the sample service, on free ports in a folder of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { env } from 'node:process';
import type { ServiceView } from '../../local/api.ts';
import { startLocal } from '../../local/spawn.ts';
import { ensureTemporalCli } from '../../local/temporal/cli.ts';
import { startTemporal, type TemporalServer } from '../../local/temporal/server.ts';
import { CutoverClient } from '../cutover-client.ts';
import { ensureSample } from '../dev/sample.ts';
import { startWorkerProcess } from '../dev/worker-process.ts';
import type { Ending } from './ending.ts';

export interface Stage {
  client: CutoverClient;
  temporal: TemporalServer;
  service: ServiceView;
  /** The local program's. */
  logFile: string;
  /** SIGKILL; the worker is started again after 2 s. Tells its process id. */
  killWorker(): number;
}

export interface Teller {
  /** A step that takes a while. */
  step(text: string): void;
  workerStarted(pid: number): void;
}

export async function openStage(ending: Ending, tell: Teller): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-demo-'));
  ending.onEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const cliPath = env.CUTOVER_TEMPORAL_CLI;
  await forgetSettings(folder);

  tell.step('Temporal server with Web UI');
  // Apart from the start, because a download may take a while, and is given up on Ctrl-C.
  await ending.orAborted(ensureTemporalCli({ cliPath, onProgress: tell.step }));
  const temporal = await start(ending, startTemporal({ logFile: join(folder, 'temporal.log'), cliPath }));
  ending.endWithUs(temporal.pid, 'SIGKILL');

  tell.step('local platform: process supervisor and weighted router');
  const logFile = join(folder, 'local.log');
  const local = await start(ending, startLocal({ stateDir: join(folder, 'local'), logFile }));
  ending.endWithUs(local.pid, 'SIGTERM');

  tell.step('worker');
  let workerPid = 0;
  const onStart = (pid: number, again: boolean) => {
    workerPid = pid;
    ending.endWithUs(pid, 'SIGKILL');
    if (again) tell.workerStarted(pid);
  };
  const workerLog = join(folder, 'worker.log');
  const { address } = temporal;
  await start(ending, startWorkerProcess({ address, localUrl: local.url, logFile: workerLog, onStart }));

  tell.step('sample service: 3 instances of 1.0.0 on blue');
  const service = await ending.orAborted(ensureSample(local.url, 0));
  const client = await CutoverClient.connect({ address, namespace: 'default', uiUrl: temporal.uiUrl });
  ending.onEnd(() => client.close());
  return {
    client,
    temporal,
    service,
    logFile,
    killWorker() {
      process.kill(workerPid, 'SIGKILL');
      return workerPid;
    },
  };
}

/** What starts while Ctrl-C comes is stopped once it has started. */
async function start<T extends { stop(): Promise<void> }>(ending: Ending, starting: Promise<T>): Promise<T> {
  ending.onEnd(async () => {
    const started = await starting.catch(() => null);
    await started?.stop();
  });
  return ending.orAborted(starting);
}

/** The demo speaks to its own server and worker, whatever this machine's environment and temporal.toml say. */
async function forgetSettings(folder: string): Promise<void> {
  for (const name of Object.keys(env)) if (/^(TEMPORAL|CUTOVER)_/.test(name)) delete env[name];
  const config = join(folder, 'temporal.toml');
  await writeFile(config, '[profile.default]\n');
  env.TEMPORAL_CONFIG_FILE = config;
}
