import { describe, expect, it } from 'vitest';
import { createLocalRouter } from '../../../src/adapters/routers/local.ts';
import type { Exposed } from '../../../src/adapters/types.ts';
import type { Weights } from '../../../src/plan/types.ts';
import { type ExposureFixture, exposureContract } from '../../support/contracts/exposure.ts';
import { counted, get, runShop, SERVICE, startWorkbench, untilReady, workbenchForTest } from './support.ts';

const ONE = { version: '1.0.0', replicas: 1 };
const HEADER = { name: 'X-Cutover', value: 'candidate' };
const GREEN: Exposed = { colour: 'green', header: HEADER, mirror_percent: null };
const BLUE: Weights = { blue: 100, green: 0 };

async function answers(url: string, requests: number, headers: Record<string, string> = {}): Promise<Weights> {
  const found = { blue: 0, green: 0 };
  for (let sent = 0; sent < requests; sent += 1) {
    const { colour } = await get(url, headers);
    if (colour !== null) found[colour] += 1;
  }
  return found;
}

exposureContract('local', { mirrors: false }, async (): Promise<ExposureFixture> => {
  const bench = await startWorkbench();
  const { public_url: url } = await runShop(bench.client, { blue: ONE, green: ONE });
  const options = { url: bench.program.url, service: SERVICE };
  return {
    router: createLocalRouter(options),
    another: createLocalRouter(options),
    async expectTraffic(weights, exposed) {
      expect(await answers(url, 20)).toEqual({ blue: weights.blue / 5, green: weights.green / 5 });
      const { name, value } = exposed?.header ?? HEADER;
      const led = exposed === null ? { blue: weights.blue / 5, green: weights.green / 5 } : { blue: 0, green: 20 };
      expect(await answers(url, 20, { [name.toLowerCase()]: value })).toEqual(led);
      expect((await answers(url, 10, { [name]: `${value}s` })).blue).toBeGreaterThan(8);
    },
    // It has one part only: what is left of it then is nothing.
    takeAway: async () => {
      await bench.client.shift(SERVICE, { weights: BLUE }, '*');
    },
    changes: null,
    close: bench.close,
  };
});

describe('requests that a header leads to a colour', () => {
  it('are counted with its requests, so that they are judged, and answered 503 while it is not ready', async () => {
    const bench = await workbenchForTest();
    const { public_url: url } = await runShop(bench.client, { blue: ONE, green: ONE });
    const router = createLocalRouter({ url: bench.program.url, service: SERVICE });
    const signal = AbortSignal.timeout(30_000);
    const { revision } = await router.read(signal);
    const claimed = await router.claim(revision, { run: 'a', epoch: 1, step: 0 }, signal);
    const fence = { run: 'a', epoch: 1, step: 1 };
    await router.shift({ weights: BLUE, expose: GREEN, expected_revision: claimed.state.revision, fence }, signal);
    expect(await answers(url, 7, { 'X-Cutover': 'candidate' })).toEqual({ blue: 0, green: 7 });
    expect(await counted(bench.client, 'green', 200)).toBe(7);
    await bench.client.deploy(SERVICE, 'green', { ...ONE, replicas: 0 });
    await expect.poll(async () => (await get(url, { 'X-Cutover': 'candidate' })).status).toBe(503);
    expect((await get(url)).colour).toBe('blue');
  });

  it('go there still when the program was started again', async () => {
    const bench = await workbenchForTest({ leaveInstances: true });
    const { public_url: url } = await runShop(bench.client, { blue: ONE, green: ONE });
    await bench.client.shift(SERVICE, { weights: BLUE, exposed: GREEN }, '*');
    await bench.killAndRestart();
    await untilReady(bench.client);
    expect(await answers(url, 3, { 'x-cutover': 'candidate' })).toEqual({ blue: 0, green: 3 });
    expect(await answers(url, 3)).toEqual({ blue: 3, green: 0 });
  });

  it('are not copied: such a write is refused', async () => {
    const bench = await workbenchForTest();
    await runShop(bench.client, { blue: ONE, green: ONE });
    const exposed = { ...GREEN, mirror_percent: 10 };
    await expect(bench.client.shift(SERVICE, { weights: BLUE, exposed }, '*')).rejects.toMatchObject({
      code: 'CUTOVER_USAGE',
    });
  });
});
