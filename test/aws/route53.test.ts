import { Resolver } from 'node:dns/promises';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Weights } from '../../src/plan/types.ts';
import {
  BLUE_IP,
  GREEN_IP,
  openRoute53Stage,
  openShop,
  type Route53Stage,
  TARGET,
} from '../support/aws/route53-shop.ts';
import { routerContract } from '../support/contracts/router.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openRoute53Stage);

moto.suite('Route 53', () => {
  let stage: Route53Stage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  routerContract('route53', { weighted: true, atomic: true, countsWrites: false }, async () => {
    const shop = await openShop(stage);
    return {
      router: shop.router,
      another: shop.another(),
      foreignWrite: shop.foreignWrite,
      answeredBy: (requests) => resolved(shop.dns.address, requests),
      close: shop.close,
    };
  });
});

async function resolved(address: string, requests: number): Promise<Weights> {
  const answers = await Promise.all(
    Array.from({ length: requests }, () => {
      const resolver = new Resolver();
      resolver.setServers([address]);
      return resolver.resolve4(TARGET);
    }),
  );
  const all = answers.flat();
  return { blue: all.filter((ip) => ip === BLUE_IP).length, green: all.filter((ip) => ip === GREEN_IP).length };
}
