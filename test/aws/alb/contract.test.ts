import { afterAll } from 'vitest';
import { createAlbRouter } from '../../../src/adapters/routers/alb.ts';
import { type LoadBalancer, openLoadBalancer } from '../../support/aws/load-balancer.ts';
import { openAwsStage } from '../../support/aws/stage.ts';
import { type RouterFixture, routerContract } from '../../support/contracts/router.ts';
import { requirePart } from '../../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);

moto.suite('target groups of Elastic Load Balancing', () => {
  const traits = { weighted: true, atomic: false, countsWrites: false };
  afterAll(() => moto.value().stop());

  function fixtureOf(
    balancer: LoadBalancer,
    places: { listeners: string[]; rules: string[] },
    kind: 'application' | 'network' = 'application',
  ): RouterFixture {
    const rest = { region: null, testListener: null, groups: balancer.groups, stickyForMs: 0 };
    const create = () => createAlbRouter({ balancer: kind, ...places, ...rest });
    return {
      router: create(),
      another: create(),
      async foreignWrite(weights) {
        for (const place of [...places.listeners, ...places.rules]) await balancer.putWeights(place, weights);
      },
      answeredBy: null,
      close: async () => undefined,
    };
  }

  routerContract('alb (a listener)', traits, async () => {
    const balancer = await openLoadBalancer(moto.value());
    return fixtureOf(balancer, { listeners: [balancer.listener], rules: [] });
  });

  routerContract('alb (two listeners and a rule)', traits, async () => {
    const balancer = await openLoadBalancer(moto.value());
    const listeners = [balancer.listener, await balancer.addListener()];
    return fixtureOf(balancer, { listeners, rules: [await balancer.addRule()] });
  });

  routerContract('nlb', { ...traits, weighted: false }, async () => {
    const balancer = await openLoadBalancer(moto.value(), { type: 'network' });
    return fixtureOf(balancer, { listeners: [balancer.listener], rules: [] }, 'network');
  });
});
