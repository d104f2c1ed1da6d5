import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CutoverClient, type DeploymentHandle } from '../../src/client/cutover-client.ts';
import { startAsgRunner } from '../support/aws/asg-runner.ts';
import { type AsgShop, makeImage, openAsgShop } from '../support/aws/asg-shop.ts';
import { type Cutover, SHORT_PHASES, startCutover } from '../support/aws/cutover.ts';
import { isAction } from '../support/aws/fault-proxy.ts';
import { openRoute53Stage, openShop, type Route53Stage, type Shop, TARGET } from '../support/aws/route53-shop.ts';
import { REGION } from '../support/aws/stage.ts';
import { until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';

const START_MS = 300_000;
const OBSERVED = { observation: { duration: '1h', rollback_triggers: ['error_rate > 5'] } };
const moto = await requirePart('moto', openRoute53Stage);

moto.suite('a deployment on Auto Scaling groups behind weighted records', () => {
  let stage: Route53Stage;
  let cutover: Cutover;
  let image: string;
  const open: Shop[] = [];
  beforeAll(async () => {
    stage = moto.value();
    startAsgRunner(stage, { startMs: 200 });
    image = await makeImage(stage, '1.0.0');
    await makeImage(stage, '2.0.0');
    cutover = await startCutover(stage);
    await cutover.worker();
  }, START_MS);
  afterEach(() => stage.proxy.calm());
  afterAll(async () => {
    for (const records of open) await records.close();
    await cutover?.stop();
    await stage?.stop();
  }, START_MS);

  interface Scene {
    groups: AsgShop['groups'];
    records: Shop;
    failing: { blue: number; green: number };
    weights(): { blue: number; green: number };
    start(changes?: object): Promise<DeploymentHandle>;
  }

  async function scene(): Promise<Scene> {
    const { groups } = await openAsgShop(stage, image, { size: { blue: 2 } });
    const records = await openShop(stage);
    open.push(records);
    const weightOf = (colour: string) => records.sets().find((set) => set.SetIdentifier === colour)?.Weight ?? 0;
    const weights = () => {
      const [blue, green] = [weightOf('blue'), weightOf('green')];
      return { blue: (100 * blue) / (blue + green), green: (100 * green) / (blue + green) };
    };
    const failing = { blue: 0, green: 0 };
    const plan = {
      ...SHORT_PHASES,
      target: records.zone.toLowerCase(),
      version: '2.0.0',
      platform: { asg: { region: REGION, groups, image: 'checkout-$version' } },
      router: {
        route53: { zone: records.zone, record: TARGET, ttl: '1s', name_servers: [records.dns.address] },
      },
      metrics: cutover.count(records.zone, { weights: async () => weights(), failing }),
    };
    return {
      groups,
      records,
      failing,
      weights,
      start(changes = {}) {
        const text = JSON.stringify({ ...plan, ...changes });
        const checked = CutoverClient.validate([{ name: 'plan.yaml', text }]);
        return cutover.client.start(checked, { startedBy: 'dora@example.com' });
      },
    };
  }

  async function sizeOf(group: string) {
    const { AutoScalingGroups } = await new AutoScalingClient(stage.direct).send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [group] }),
    );
    const [{ DesiredCapacity: desired, MinSize: min, Tags: tags = [] } = {}] = AutoScalingGroups ?? [];
    return { desired, min, tags: tags.map(({ Key }) => Key) };
  }

  it('goes up in steps, proves each at the name servers, and frees the old group', async () => {
    const { groups, records, weights, start } = await scene();
    const handle = await start({
      switch: { strategy: 'gradual', steps: [10, 100], step_duration: '2s', deadline: '60s', drain: '1s' },
    });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
    expect(weights()).toEqual({ blue: 0, green: 100 });
    expect(await sizeOf(groups.blue)).toMatchObject({ desired: 0, min: 0 });
    expect(await sizeOf(groups.green)).toEqual({ desired: 2, min: 2, tags: [] });
    expect(records.dns.questions.length).toBeGreaterThan(0);
  });

  describe('goes back', () => {
    it('when the candidate fails', async () => {
      const { groups, failing, weights, start } = await scene();
      const handle = await start(OBSERVED);
      await until(handle, ({ phase }) => phase === 'observation', 'the observation');
      failing.green = 50;
      expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      expect(weights()).toEqual({ blue: 100, green: 0 });
      expect(await sizeOf(groups.blue)).toEqual({ desired: 2, min: 2, tags: [] });
      expect(await sizeOf(groups.green)).toMatchObject({ desired: 0 });
    });

    it('when a name server goes on with the old answer beyond the deadline', async () => {
      const { records, weights, start } = await scene();
      records.dns.lag();
      const handle = await start({ switch: { strategy: 'instant', deadline: '6s', drain: '1s' } });
      await until(handle, ({ phase }) => phase === 'rolling_back', 'the rollback');
      records.dns.follow();
      const result = await handle.result();
      expect(result).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
      expect(result.reason).toContain('was not proven within 6 s');
      expect(weights()).toEqual({ blue: 100, green: 0 });
    });
  });

  it('is ended by another worker when one is killed between the change and its proof', async () => {
    const { records, weights, start } = await scene();
    const change = stage.proxy.hold(
      (call) =>
        isAction('ChangeResourceRecordSets')(call) &&
        call.path.includes(records.zone) &&
        /<Weight>1</.test(call.body) &&
        call.body.includes('<SetIdentifier>green'),
      'after',
    );
    const handle = await start();
    await change.caught;
    const [worker] = cutover.workers();
    worker?.kill('SIGKILL');
    await worker?.exited;
    change.release();
    await cutover.worker();
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', weights: { blue: 0, green: 100 } });
    expect(weights()).toEqual({ blue: 0, green: 100 });
  });
});
