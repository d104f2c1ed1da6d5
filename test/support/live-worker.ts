/** A Temporal server with a worker on a model world, and a client, for tests of what the server itself does. */
import { Client, Connection } from '@temporalio/client';
import type { MutationActivities } from '../../src/activities/types.ts';
import { startWorker } from '../../src/worker/run.ts';
import { createLiveWorld } from './live-world.ts';
import { startDevServer } from './temporal.ts';
import { createWorld, type World } from './world/world.ts';

export interface LiveWorker {
  client: Client;
  world: World;
  stop(): Promise<void>;
}

export interface LiveWorkerOptions {
  /** Short mutations at once; absent: the worker's default. */
  slots?: number;
  /** What the worker runs in place of the world's own mutations. */
  changed?: (mutations: MutationActivities) => Partial<MutationActivities>;
}

export async function startLiveWorker({ slots, changed }: LiveWorkerOptions = {}): Promise<LiveWorker> {
  const server = await startDevServer();
  const world = createWorld();
  const { activities } = createLiveWorld(world);
  const mutations = { ...activities.mutations, ...changed?.(activities.mutations) };
  const worker = await startWorker({
    address: server.address,
    localUrl: 'http://127.0.0.1:1',
    activities: { ...activities, mutations },
    slots,
  });
  const client = new Client({ connection: await Connection.connect({ address: server.address }) });
  return {
    client,
    world,
    async stop() {
      await client.connection.close();
      await worker.shutdown();
      await server.stop();
    },
  };
}
