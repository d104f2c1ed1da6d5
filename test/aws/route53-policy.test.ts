import { CreateHealthCheckCommand } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Target } from '../../src/activities/watch-types.ts';
import { createAdapters } from '../../src/adapters/registry.ts';
import { actionsAsked, actionsOf, policyOf } from '../support/aws/policy.ts';
import { CLAIM, GREEN, limit } from '../support/aws/route53-claimed.ts';
import {
  openRoute53Stage,
  openShop,
  pairOf,
  type Route53Stage,
  type Shop,
  TARGET,
} from '../support/aws/route53-shop.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openRoute53Stage);

/** As a plan names it. */
function targetOf({ zone }: Shop): Target {
  const router = { kind: 'route53', zone, record: TARGET, ttl: '2m' };
  return { service: 'checkout', environment: 'production', platform: { kind: 'asg' }, router } as unknown as Target;
}

moto.suite('the policy for Route 53', () => {
  let stage: Route53Stage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterAll(() => stage?.stop());

  it('allows what a deployment asks of the API, and nothing else', async () => {
    const HealthCheckConfig = { Type: 'HTTP' as const, IPAddress: '192.0.2.2', Port: 80 };
    const created = await stage.client.send(
      new CreateHealthCheckCommand({ CallerReference: 'one', HealthCheckConfig }),
    );
    const HealthCheckId = created.HealthCheck?.Id ?? '';
    const shop = await openShop(stage, pairOf({ HealthCheckId, TTL: 300 }));
    const router = createAdapters({ localUrl: '', log: () => undefined }).router(targetOf(shop));
    const { revision } = await router.read(limit());
    const { state } = await router.claim(revision, CLAIM, limit());
    const shift = { weights: GREEN, expected_revision: state.revision, fence: { ...CLAIM, step: 1 } };
    expect((await router.shift(shift, limit())).kind).toBe('written');
    expect(shop.sets().map(({ TTL }) => TTL)).toEqual([120, 120]);
    await router.convergence(GREEN, limit());
    await router.release?.(CLAIM, limit());
    expect(shop.sets().map(({ TTL }) => TTL)).toEqual([300, 300]);
    await shop.close();
    expect(actionsAsked(stage.proxy.calls)).toEqual(actionsOf(policyOf('route53')));
    for (const { Effect, Resource } of policyOf('route53')) {
      expect([Effect, Resource]).toEqual(['Allow', expect.stringMatching(/^arn:aws:route53:::/)]);
    }
  });
});
