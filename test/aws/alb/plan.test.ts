import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdapters } from '../../../src/adapters/registry.ts';
import { checkLoadBalancer } from '../../../src/client/doctor/load-balancer.ts';
import { loadPlan } from '../../../src/plan/load.ts';
import { BLUE, GREEN, signal } from '../../support/aws/alb-fixture.ts';
import { isAction, unwell } from '../../support/aws/fault-proxy.ts';
import { type LoadBalancer, openLoadBalancer } from '../../support/aws/load-balancer.ts';
import { type AwsStage, openAwsStage } from '../../support/aws/stage.ts';
import { requirePart } from '../../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);

moto.suite('a plan with', () => {
  let stage: AwsStage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterAll(() => stage?.stop());

  function planOf(kind: 'alb' | 'nlb', { groups }: LoadBalancer, places: object) {
    const router = JSON.stringify({ [kind]: { ...places, target_groups: groups } });
    const text = `service: shop\nversion: 1.0.0\nplatform: local\nrouter: ${router}\nmetrics: {prometheus: {url: "http://p"}}\n`;
    return loadPlan([{ name: 'plan.yaml', text }], []).plan;
  }

  const routerOf = (plan: ReturnType<typeof planOf>) =>
    createAdapters({ localUrl: 'http://127.0.0.1:1', log: () => undefined }).router(plan);

  it('`alb` reads the listeners and rules that it names', async () => {
    const balancer = await openLoadBalancer(stage);
    const rule = await balancer.addRule();
    const plan = planOf('alb', balancer, { listener: balancer.listener, rule: [rule], region: 'eu-west-1' });
    expect(await routerOf(plan).read(signal())).toMatchObject({ weights: BLUE, fence: null });
    await balancer.putWeights(rule, GREEN);
    await expect(routerOf(plan).read(signal())).rejects.toMatchObject({ code: 'CUTOVER_ROUTER_OBJECT' });
  });

  it('`nlb` reads its listener', async () => {
    const balancer = await openLoadBalancer(stage, { type: 'network' });
    const plan = planOf('nlb', balancer, { listener: balancer.listener });
    expect(await routerOf(plan).read(signal())).toMatchObject({ weights: BLUE });
  });

  describe('a load balancer is looked at by the doctor', () => {
    it('who finds it well', async () => {
      const balancer = await openLoadBalancer(stage);
      const plan = planOf('alb', balancer, { listener: balancer.listener });
      expect(await checkLoadBalancer(plan)).toMatchObject([{ name: 'load balancer', state: 'ok' }]);
      expect(await checkLoadBalancer({ ...plan, router: { kind: 'local', url: null } })).toEqual([]);
    });

    it('who warns of what may surprise', async () => {
      const balancer = await openLoadBalancer(stage, {
        actions: ({ blue }) => [{ Type: 'forward', TargetGroupArn: blue }],
      });
      const [found] = await checkLoadBalancer(planOf('alb', balancer, { listener: balancer.listener }));
      expect(found).toMatchObject({ state: 'warning', detail: expect.stringContaining('its targets are not checked') });
    });

    it('who says that it cannot be seen', async () => {
      const balancer = await openLoadBalancer(stage);
      stage.proxy.intercept(isAction('DescribeListeners'), unwell, 3);
      const [found] = await checkLoadBalancer(planOf('alb', balancer, { listener: balancer.listener }));
      expect(found).toMatchObject({ state: 'failed', detail: expect.stringContaining('DescribeListeners') });
      stage.proxy.calm();
    });
  });
});
