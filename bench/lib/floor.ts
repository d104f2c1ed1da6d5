/** The floor of every traffic shift: the admin API's conditional write by itself, without Temporal or a worker. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Colour } from '../../src/plan/types.ts';
import { allOn } from './answers.ts';
import { epochMs, until } from './clock.ts';
import type { Context } from './context.ts';
import { CANDIDATE, OLD } from './deployment.ts';
import { ACTIVE_VERSION, REPLICAS, SERVICE } from './plans.ts';

/**
 * Shifts all traffic to the candidate and back `count` times, under the load that runs. Returns, per way back,
 * milliseconds from the sending of the write to all traffic on the old colour, as answered requests show it.
 */
export async function bareWrites(context: Context, count: number): Promise<number[]> {
  const { local, load } = context;
  await local.deploy(SERVICE, CANDIDATE, { version: ACTIVE_VERSION, replicas: REPLICAS });
  await until(async () => (await local.service(SERVICE)).colours[CANDIDATE].ready === REPLICAS, 'the other colour');
  const samples: number[] = [];
  for (let index = 0; index < count; index += 1) {
    await write(context, CANDIDATE);
    await sleep(150);
    const { revision } = await local.router(SERVICE);
    await load.take();
    const sentMs = epochMs();
    await write(context, OLD, revision);
    await sleep(50);
    samples.push(allOn(OLD, (await load.take()).answers) - sentMs);
  }
  await local.deploy(SERVICE, CANDIDATE, { version: ACTIVE_VERSION, replicas: 0 });
  await until(async () => (await local.service(SERVICE)).colours[CANDIDATE].instances.length === 0, 'its end');
  return samples;
}

async function write({ local }: Context, colour: Colour, revision?: string): Promise<void> {
  const expected = revision ?? (await local.router(SERVICE)).revision;
  const weights = { blue: colour === 'blue' ? 100 : 0, green: colour === 'green' ? 100 : 0 };
  const { kind } = await local.shift(SERVICE, { weights }, expected);
  if (kind !== 'written') throw new Error(`the bare write was answered ${kind}`);
}
