/** One Temporal server and, when wanted, a worker on a model world, shared by the tests of a file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtPath } from '../../../src/package-root.ts';
import { BUNDLE_FILE } from '../../../src/worker/bundle.ts';
import { type RunningWorker, startWorker } from '../../../src/worker/run.ts';
import { createLiveWorld, type LiveScript } from '../../support/live-world.ts';
import { type DevServer, startDevServer } from '../../support/temporal.ts';
import { createWorld, type World } from '../../support/world/world.ts';
import { quickPlan } from './plan.ts';

export interface Stage {
  server: DevServer;
  address: string;
  /** The world and script of the worker started last. */
  world: World;
  script: LiveScript;
  startWorker(): Promise<void>;
  stopWorker(): Promise<void>;
  /** Writes a plan of the service into a file. */
  planFile(service: string): Promise<string>;
  close(): Promise<void>;
}

/** `persistent`: the server keeps what it knows over a restart. */
export async function openStage(options: { persistent?: boolean } = {}): Promise<Stage> {
  const server = await startDevServer(options);
  const folder = await mkdtemp(join(tmpdir(), 'cutover-cli-'));
  let worker: RunningWorker | null = null;
  const stopWorker = async () => {
    await worker?.shutdown();
    worker = null;
  };
  const world = createWorld();
  const live = createLiveWorld(world);
  return {
    server,
    address: server.address,
    world,
    script: live.script,
    async startWorker() {
      worker = await startWorker({
        address: server.address,
        localUrl: 'http://127.0.0.1:1',
        bundlePath: builtPath(BUNDLE_FILE),
        activities: live.activities,
      });
      worker.done.catch(() => undefined);
    },
    stopWorker,
    async planFile(service) {
      const path = join(folder, `${service}.yaml`);
      await writeFile(path, quickPlan(service));
      return path;
    },
    async close() {
      await stopWorker();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
