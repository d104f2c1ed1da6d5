/** Temporal, the local platform, a worker and a sample service, started in order and ended in the opposite one. */
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import process, { env } from 'node:process';
import envPaths from 'env-paths';
import { CutoverError } from '../../errors.ts';
import { DEFAULT_ADMIN_PORT } from '../../local/api.ts';
import { startLocal } from '../../local/spawn.ts';
import { ensureTemporalCli } from '../../local/temporal/cli.ts';
import { startTemporal } from '../../local/temporal/server.ts';
import type { Output } from '../output.ts';
import { type DevAddresses, describeDev } from './describe.ts';
import { type Pids, refuseLeftovers, removePids, writePids } from './leftovers.ts';
import { portIfFree } from './ports.ts';
import { ensureSample, SAMPLE_SERVICE, servingVersion } from './sample.ts';
import { startTraffic } from './traffic.ts';
import { startWorkerProcess } from './worker-process.ts';

const TEMPORAL_PORT = 7233;
const UI_PORT = 8233;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export interface DevSettings {
  /** Null: in the user's cache folder. */
  stateDir: string | null;
  /** Requests per second to the sample service. */
  requestsPerSecond: number;
}

/** Runs until SIGINT, SIGTERM or SIGHUP. CUTOVER_INTERNAL when the Temporal server ends by itself. */
export async function runDev(output: Output, settings: DevSettings): Promise<void> {
  const folder = await stateFolder(settings.stateDir);
  await refuseLeftovers(folder);
  // May download for a while: until it is here nothing is started, and Ctrl-C simply ends the process.
  const cliPath = await ensureTemporalCli({
    cliPath: env.CUTOVER_TEMPORAL_CLI,
    onProgress: (line) => output.note(line),
  });
  const asked = askedToEnd();
  const cleanUps: (() => Promise<unknown>)[] = [() => removePids(folder)];
  try {
    const { exited, addresses } = await startAll(output, { ...settings, cliPath, folder }, cleanUps);
    if (output.json) output.data(addresses);
    else output.line(describeDev(addresses, output.colors));
    const first = await Promise.race([asked.promise.then(() => 'asked'), exited.then(() => 'lost')]);
    if (first === 'lost')
      throw new CutoverError('CUTOVER_INTERNAL', `The Temporal server has ended; its log is in ${folder}`);
    if (!output.json) output.note('ending …');
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
    asked.release();
  }
}

/** Whatever was started when this throws is in `cleanUps`. */
async function startAll(
  output: Output,
  settings: DevSettings & { cliPath: string; folder: string },
  cleanUps: (() => Promise<unknown>)[],
): Promise<{ exited: Promise<void>; addresses: DevAddresses }> {
  const { folder, cliPath } = settings;
  const pids: Pids = {};
  const tell = (line: string) => output.note(output.colors.dim(line));
  const log = (name: string) => join(folder, 'logs', `${name}.log`);

  tell('local platform …');
  const local = await startLocal({
    port: await portIfFree(DEFAULT_ADMIN_PORT),
    stateDir: join(folder, 'local'),
    logFile: log('local'),
  });
  cleanUps.push(() => local.stop());
  await writePids(folder, Object.assign(pids, { local: local.pid }));

  tell('Temporal …');
  const temporal = await startTemporal({
    port: await portIfFree(TEMPORAL_PORT),
    uiPort: await portIfFree(UI_PORT),
    dbFile: join(folder, 'temporal.db'),
    logFile: log('temporal'),
    cliPath,
  });
  cleanUps.push(() => temporal.stop());
  await writePids(folder, Object.assign(pids, { temporal: temporal.pid }));

  tell('worker and sample service …');
  const worker = await startWorkerProcess({
    address: temporal.address,
    localUrl: local.url,
    logFile: log('worker'),
    onStart(pid, again) {
      void writePids(folder, Object.assign(pids, { worker: pid }));
      if (again) tell(`the worker was lost; started again as ${pid}`);
    },
  });
  cleanUps.push(() => worker.stop());

  const sample = await ensureSample(local.url);
  const traffic = startTraffic(sample.public_url, settings.requestsPerSecond);
  cleanUps.push(async () => {
    const { sent, failed } = traffic.stop();
    tell(`${sent} requests sent, ${failed} failed`);
  });
  const addresses: DevAddresses = {
    temporal: temporal.address,
    web_ui: temporal.uiUrl,
    local: local.url,
    service: { name: SAMPLE_SERVICE, url: sample.public_url, version: servingVersion(sample) },
    requests_per_second: settings.requestsPerSecond,
    state: folder,
    pids,
  };
  return { exited: temporal.exited, addresses };
}

async function stateFolder(given: string | null): Promise<string> {
  const folder = given ?? join(envPaths('cutover', { suffix: '' }).cache, 'dev');
  await mkdir(join(folder, 'logs'), { recursive: true });
  return realpath(folder);
}

/** Further signals change nothing: ending is under way. */
function askedToEnd(): { promise: Promise<void>; release(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  const onSignal = () => resolve();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  return { promise, release };
}
