import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AwsDeployments, openAwsDeployments } from '../support/aws/deployments.ts';
import { cleanRun, nameOf, problemOf, runCases, someCases } from '../support/aws/matrix.ts';
import { requirePart } from '../support/parts.ts';

const START_MS = 300_000;
const RUN_MS = 900_000;
const AT_ONCE = 16;
/** Clean-up takes the longest; a worker that comes back finds attempts that the dead one has not ended. */
const CAUGHT_MS = 40_000;
/** A fault that passes costs its own retries, and the rounds of the waits meanwhile. */
const MOST_CALLS = 3;
const moto = await requirePart('moto', openAwsDeployments);

moto.suite('every call of a deployment on AWS', () => {
  let deployments: AwsDeployments;
  let clean: Map<string, number>;
  beforeAll(async () => {
    deployments = moto.value();
    await deployments.worker();
    clean = await cleanRun(deployments);
  }, START_MS);
  afterEach(() => deployments.stage.proxy.calm());
  afterAll(() => deployments?.stop(), START_MS);

  it(
    'may be throttled, fail, be cut off, hang, or answer yesterday’s truth: the deployment ends as it was meant to',
    async () => {
      const cases = someCases(clean);
      const verdicts = await runCases(deployments, cases, AT_ONCE);
      expect(verdicts.filter(({ problem }) => problem !== null)).toEqual([]);
      const most = MOST_CALLS * [...clean.values()].reduce((sum, count) => sum + count, 0);
      expect(verdicts.filter(({ calls }) => calls > most)).toEqual([]);
      expect(verdicts).toHaveLength(cases.length);
      expect(cases.length).toBeGreaterThan(100);
    },
    RUN_MS,
  );

  describe('a worker that is killed', () => {
    it(
      'at any of them is followed by one that ends the deployment as it was meant to',
      async () => {
        const { proxy } = deployments.stage;
        const runs = await Promise.all(
          [...clean.keys()].map(async (call) => {
            const shop = await deployments.shop();
            const held = proxy.hold((one) => shop.owns(one) && nameOf(one) === call, 'after');
            const handle = await shop.start('2.0.0');
            return { call, shop, held, handle };
          }),
        );
        const caught = Promise.allSettled(runs.map(({ held }) => held.caught));
        await Promise.race([caught, sleep(CAUGHT_MS)]);
        const [worker] = deployments.workers();
        worker?.kill('SIGKILL');
        await worker?.exited;
        for (const { held } of runs) held.release();
        await deployments.worker();
        const problems = await Promise.all(
          runs.map(async ({ call, shop, handle }) => {
            const result = await handle.result();
            const problem = await problemOf(shop, result, proxy.calls.filter(shop.owns));
            return problem === null ? [] : [`${call}: ${problem}`];
          }),
        );
        expect(problems.flat()).toEqual([]);
      },
      RUN_MS,
    );
  });
});
