import { ModifyTargetGroupAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doubtsOf } from '../../../src/adapters/routers/alb/doubts.ts';
import type { AlbOptions } from '../../../src/adapters/routers/alb/options.ts';
import { BLUE, claim, fence, GREEN, openAlb, routerOf, signal } from '../../support/aws/alb-fixture.ts';
import { forward, type LoadBalancer, openLoadBalancer } from '../../support/aws/load-balancer.ts';
import { actionsAsked, actionsOf, policyOf } from '../../support/aws/policy.ts';
import { type AwsStage, openAwsStage } from '../../support/aws/stage.ts';
import { requirePart } from '../../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);

moto.suite('a worker with the policy deploy/aws/policies/alb.json', () => {
  let stage: AwsStage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterAll(() => stage?.stop());

  const optionsOf = (balancer: LoadBalancer, rest: Partial<AlbOptions> = {}): AlbOptions => ({
    balancer: 'application',
    region: null,
    listeners: [balancer.listener],
    rules: [],
    testListener: null,
    groups: balancer.groups,
    stickyForMs: 0,
    ...rest,
  });

  it('may do all that the router does, and nothing else', async () => {
    const { balancer, shift, router, claimed } = await openAlb(
      stage,
      { targets: { blue: 0, green: 0 } },
      async (its) => ({ rules: [await its.addRule()] }),
    );
    await balancer.register('blue', await balancer.launch(balancer.zones));
    await balancer.register('green', await balancer.launch(balancer.zones));
    const half = { blue: 50, green: 50 };
    const { state } = await shift(half, 1, { expected: claimed.revision });
    expect((await router.convergence(half, signal())).converged).toBe(true);
    await shift(GREEN, 2, { expected: state.revision });
    expect((await router.convergence(GREEN, signal())).converged).toBe(true);
    await doubtsOf(optionsOf(balancer), 0, signal());
    expect(actionsAsked(stage.proxy.calls)).toEqual(actionsOf(policyOf('alb')));
  });

  it('may write to the listeners and rules of its load balancer alone', () => {
    const writes = policyOf('alb').filter(({ Action: action }) => /:(Add|Modify)/.test(String(action)));
    expect(writes).toHaveLength(3);
    for (const { Resource: resource } of writes) {
      for (const arn of [resource].flat()) {
        expect(arn).toMatch(
          /^arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener(-rule)?\/(app|net)\/LOAD_BALANCER\/\*$/,
        );
      }
    }
  });

  describe('learns before it begins', () => {
    it('of cookies, of targets that nothing checks, and of connections that are cut', async () => {
      const sticky = { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 600 } };
      const balancer = await openLoadBalancer(stage, { actions: (groups) => [forward(groups, BLUE, sticky)] });
      const single = await balancer.addListener([{ Type: 'forward', TargetGroupArn: balancer.groups.blue }]);
      await balancer.elb.send(
        new ModifyTargetGroupAttributesCommand({
          TargetGroupArn: balancer.groups.blue,
          Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '5' }],
        }),
      );
      const listeners = [balancer.listener, single];
      const doubts = await doubtsOf(optionsOf(balancer, { listeners }), 30_000, signal());
      expect(doubts).toEqual([
        `${balancer.listener} keeps clients on their target group for 10m, whatever the weights say: a deployment is refused unless \`sticky_for\` says so`,
        `${single} does not forward to the target group of green, so that its targets are not checked: the claim adds it with the weight 0`,
        "targets of blue are let go 5s after they are deregistered, before the plan's drain of 30s",
      ]);
      const [sure] = await doubtsOf(optionsOf(balancer, { stickyForMs: 600_000 }), 0, signal());
      expect(sure).toContain('no rollback takes them away sooner');
    });

    it('of nothing where nothing is to be feared', async () => {
      expect(await doubtsOf(optionsOf(await openLoadBalancer(stage)), 30_000, signal())).toEqual([]);
    });
  });

  it('finds the load balancer in the region of its ARN', async () => {
    const balancer = await openLoadBalancer(stage);
    const from = stage.proxy.calls.length;
    const router = routerOf(balancer);
    process.env.AWS_REGION = 'us-east-1';
    try {
      await router.claim((await claim(router)).revision, fence(0, 2), signal());
    } finally {
      process.env.AWS_REGION = 'eu-west-1';
    }
    expect(new Set(stage.proxy.calls.slice(from).map(({ region }) => region))).toEqual(new Set(['eu-west-1']));
  });
});
