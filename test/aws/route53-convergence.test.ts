import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Route53Options } from '../../src/adapters/routers/route53.ts';
import type { TrafficRouter } from '../../src/adapters/types.ts';
import { type AwsFault, isAction, refused, throttled, unwell } from '../support/aws/fault-proxy.ts';
import { CLAIM, type Claimed, GREEN, limit, openClaimed } from '../support/aws/route53-claimed.ts';
import {
  GREEN_IP,
  openRoute53Stage,
  openShop,
  pairOf,
  type Route53Stage,
  type Shop,
  TARGET,
} from '../support/aws/route53-shop.ts';
import { cutAfter, cutBefore } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';

const moto = await requirePart('moto', openRoute53Stage);

/** The same router in a process that has just begun: nothing of what this one has seen is known there. */
async function restarted({ options }: Shop, rest: Partial<Route53Options> = {}): Promise<TrafficRouter> {
  vi.resetModules();
  const { createRoute53Router } = await import('../../src/adapters/routers/route53.ts');
  return createRoute53Router({ ...options, ...rest });
}

/** As Route 53 answers for up to a minute. */
const pending: AwsFault = async (pass) => {
  const answer = await pass();
  return { ...answer, body: answer.body.replace('INSYNC', 'PENDING') };
};

moto.suite('a shift of Route 53 is proven', () => {
  let stage: Route53Stage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  const asked = (from: number, action: string) => stage.proxy.calls.slice(from).filter(isAction(action));
  const look = async (router: TrafficRouter) => router.convergence(GREEN, limit());
  const isConverged = (router: TrafficRouter) =>
    patiently(async () => (await look(router)).converged, 'a shift that has converged');
  async function says(router: TrafficRouter, told: string) {
    await patiently(async () => (await look(router)).detail.includes(told), `a shift that waits: ${told}`);
    return look(router);
  }

  it('once its change is in sync, which is asked every 2 s at most', async () => {
    const shop = await openClaimed(stage);
    stage.proxy.intercept(isAction('GetChange'), pending, 2);
    await shop.shift(GREEN);
    const from = stage.proxy.calls.length;
    const startedMs = performance.now();
    expect((await look(shop.router)).detail).toMatch(/the change C\d+ is PENDING/);
    await isConverged(shop.router);
    expect(performance.now() - startedMs).toBeGreaterThan(3_900);
    expect(asked(from, 'GetChange')).toHaveLength(3);
    await shop.close();
  });

  it('once every name server says so, whatever the change is said to be', async () => {
    const shop = await openClaimed(stage);
    shop.dns.lag();
    await shop.shift(GREEN);
    await says(shop.router, `${shop.dns.address} still answers what stood before`);
    shop.dns.follow();
    await isConverged(shop.router);
    await shop.close();
  });

  it('for shares between as well, since the fence tells what a server has', async () => {
    const share = { blue: 90, green: 10 };
    const shop = await openClaimed(stage);
    shop.dns.lag();
    await shop.shift(share);
    const waits = await shop.router.convergence(share, limit());
    expect(waits).toMatchObject({
      converged: false,
      detail: expect.stringContaining('still answers what stood before'),
    });
    shop.dns.follow();
    await patiently(async () => (await shop.router.convergence(share, limit())).converged, 'converged');
    await shop.close();
  });

  it('unless a server gives the answer of a colour that has no traffic', async () => {
    const shop = await openClaimed(stage);
    await shop.shift(GREEN);
    const served = shop.dns.serve((sets) => sets.map((set) => (set.Type === 'A' ? { ...set, Weight: 1 } : set)));
    await says(shop.router, `answers A ${TARGET} with 192.0.2.1, which is blue's`);
    served.end();
    await isConverged(shop.router);
    await shop.close();
  });

  it('unless a server is silent, which is told, and costs the caller no second', async () => {
    const shop = await openClaimed(stage);
    await shop.shift(GREEN);
    shop.dns.silence(true);
    const startedMs = performance.now();
    await expect(shop.router.convergence(GREEN, limit(200))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - startedMs).toBeLessThan(800);
    await says(shop.router, `${shop.dns.address} does not answer`);
    shop.dns.silence(false);
    await isConverged(shop.router);
    await shop.close();
  });

  it("at the zone's own name servers, whose addresses are looked up", async () => {
    const shop = await openClaimed(stage, pairOf(), { nameServers: null });
    const body =
      (name: string): AwsFault =>
      async (pass) => {
        const answer = await pass();
        return {
          ...answer,
          body: answer.body.replace(/(<NameServers>).*?(<\/NameServers>)/s, `$1<NameServer>${name}</NameServer>$2`),
        };
      };
    stage.proxy.intercept(isAction('GetHostedZone'), body('ns-1.cutover.invalid'));
    await shop.shift(GREEN);
    await says(shop.router, 'the address of ns-1.cutover.invalid is not known');
    stage.proxy.intercept(isAction('GetHostedZone'), body('127.0.0.1'));
    const router = await restarted(shop, { nameServers: null, port: shop.dns.port });
    const from = stage.proxy.calls.length;
    await isConverged(router);
    expect(asked(from, 'GetHostedZone')).toHaveLength(1);
    expect(shop.dns.questions).toContain(`TXT _cutover.${TARGET}`);
    await shop.close();
  });

  it('by the API alone where no name server can be asked', async () => {
    const shop = await openClaimed(stage, pairOf(), { nameServers: [] });
    await shop.shift(GREEN);
    await isConverged(shop.router);
    expect((await look(await restarted(shop))).detail).toMatch(
      /no name server of \w+ can be asked; it has \d+(\.\d+)?s left/,
    );
    await shop.close();
  });

  describe('once the time to live of before has passed', () => {
    const lasting = (TTL: number) => pairOf({ TTL });

    it('which is counted from when all servers followed', async () => {
      const shop = await openClaimed(stage, lasting(3));
      shop.dns.lag();
      await shop.shift(GREEN);
      await says(shop.router, 'still answers what stood before');
      await sleep(1_000);
      shop.dns.follow();
      const followedMs = performance.now();
      const waits = await says(shop.router, 'resolvers may keep earlier answers for another');
      expect(waits.detail).toMatch(/another [1-4]s$/);
      await isConverged(shop.router);
      expect(performance.now() - followedMs).toBeGreaterThan(2_900);
      await shop.close();
    });

    it('and not again after a restart', async () => {
      const shop = await openClaimed(stage, lasting(5));
      await shop.shift(GREEN);
      const shiftedMs = performance.now();
      await says(shop.router, 'resolvers may keep');
      await sleep(2_500);
      const successor = await restarted(shop);
      const waits = await look(successor);
      expect(waits.converged).toBe(false);
      await patiently(async () => (await look(successor)).converged, 'converged');
      // Five seconds from the write; those until the successor's first look are all that can be added.
      expect(performance.now() - shiftedMs).toBeGreaterThan(4_900);
      expect(performance.now() - shiftedMs).toBeLessThan(12_000);
      await shop.close();
    });

    it('also that of an earlier write which is longer', async () => {
      const shop = await openShop(stage, lasting(4), { ttlMs: 1_000 });
      const { revision } = await shop.router.read(limit());
      await shop.router.claim(revision, CLAIM, limit());
      const claimedMs = performance.now();
      expect(shop.sets().map(({ TTL }) => TTL)).toEqual([1, 1]);
      await shop.router.shift({ weights: GREEN, expected_revision: '1.0', fence: { ...CLAIM, step: 1 } }, limit());
      await isConverged(shop.router);
      expect(performance.now() - claimedMs).toBeGreaterThan(3_900);
      await shop.close();
    });
  });

  describe('with a time to live that', () => {
    const ttls = (shop: Claimed) => shop.sets().map(({ TTL }) => TTL);

    it('the claim lowers, and the end restores', async () => {
      const shop = await openClaimed(stage, pairOf({ TTL: 300 }));
      expect(ttls(shop)).toEqual([60, 60]);
      await shop.shift(GREEN);
      expect(ttls(shop)).toEqual([60, 60]);
      await shop.router.release?.({ ...CLAIM, step: 1 }, limit());
      await shop.router.release?.({ ...CLAIM, step: 1 }, limit());
      expect(ttls(shop)).toEqual([300, 300]);
      expect(await shop.router.read(limit())).toMatchObject({
        weights: GREEN,
        revision: '1.1',
        fenced_revision: '1.1',
      });
      await shop.close();
    });

    it('a deployment that ended otherwise has lowered is restored by the next', async () => {
      const shop = await openClaimed(stage, pairOf({ TTL: 300 }));
      const next = { run: 'shop/checkout run-2', epoch: 2, step: 0 };
      await shop.router.claim('1.0', next, limit());
      expect(ttls(shop)).toEqual([60, 60]);
      await shop.router.release?.(CLAIM, limit());
      expect(ttls(shop)).toEqual([60, 60]);
      await shop.router.release?.(next, limit());
      expect(ttls(shop)).toEqual([300, 300]);
      await shop.close();
    });

    it('is shorter than the plan says stays', async () => {
      const shop = await openClaimed(stage, pairOf({ TTL: 5 }));
      expect(ttls(shop)).toEqual([5, 5]);
      const from = stage.proxy.calls.length;
      await shop.router.release?.(CLAIM, limit());
      expect(asked(from, 'ChangeResourceRecordSets')).toHaveLength(0);
      await shop.close();
    });

    it('is restored beside what somebody else has changed, which stays drift', async () => {
      const shop = await openClaimed(stage, pairOf({ TTL: 300 }));
      await shop.upsert(shop.sets().map((set): ResourceRecordSet => ({ ...set, Weight: 7 })));
      await shop.router.release?.(CLAIM, limit());
      expect(ttls(shop)).toEqual([300, 300]);
      const state = await shop.router.read(limit());
      expect(state.revision).not.toBe(state.fenced_revision);
      await shop.close();
    });

    it.each<[string, AwsFault]>([
      ['throttled', throttled],
      ['cut off before it', cutBefore],
      ['cut off after it', cutAfter],
    ])('cannot be restored now, %s, is by the next attempt', async (_, fault) => {
      const shop = await openClaimed(stage, pairOf({ TTL: 300 }));
      stage.proxy.intercept(isAction('ChangeResourceRecordSets'), fault);
      await expect(shop.router.release?.(CLAIM, limit())).rejects.toMatchObject({ fault: 'system' });
      await shop.router.release?.(CLAIM, limit());
      expect(ttls(shop)).toEqual([300, 300]);
      await shop.close();
    });
  });

  describe('though', () => {
    it.each<[string, AwsFault]>([
      ['GetChange is throttled five times', throttled],
      ['GetChange is answered with 500 five times', unwell],
      ['GetChange is cut off five times', cutBefore],
    ])('%s', async (_, fault) => {
      const shop = await openClaimed(stage);
      await shop.shift(GREEN);
      stage.proxy.intercept(isAction('GetChange'), fault, 5);
      await patiently(
        () =>
          look(shop.router).then(
            ({ converged }) => converged,
            () => false,
          ),
        'converged',
      );
      await shop.close();
    });

    it('GetChange hangs: the look ends with its caller, and the next ones see', async () => {
      const shop = await openClaimed(stage);
      await shop.shift(GREEN);
      const held = stage.proxy.hold(isAction('GetChange'), 'before');
      const startedMs = performance.now();
      await expect(shop.router.convergence(GREEN, limit(300))).rejects.toMatchObject({ name: 'TimeoutError' });
      expect(performance.now() - startedMs).toBeLessThan(1_500);
      await isConverged(shop.router);
      held.release();
      await shop.close();
    });

    it('Route 53 does not know the change any more: the name servers tell', async () => {
      const shop = await openClaimed(stage);
      await shop.shift(GREEN);
      stage.proxy.intercept(
        isAction('GetChange'),
        refused(404, 'NoSuchChange', 'A change with the specified ID does not exist'),
      );
      await isConverged(shop.router);
      await shop.close();
    });

    it('its list fails once: it is read again behind the look', async () => {
      const shop = await openClaimed(stage);
      await shop.shift(GREEN);
      const successor = shop.another();
      stage.proxy.intercept(isAction('ListResourceRecordSets'), throttled, 2);
      await isConverged(successor);
      await shop.close();
    });
  });

  it('or not: somebody else has written since', async () => {
    const shop = await openClaimed(stage);
    await shop.shift(GREEN);
    await shop.upsert(shop.sets().map((set) => ({ ...set, Weight: 1 })));
    const drifted = await look(shop.another());
    expect(drifted).toMatchObject({ converged: false, state: { weights: { blue: 50, green: 50 } } });
    expect(drifted.detail).toBe('the records give blue 50 %, green 50 %');
    await shop.close();
  });

  it('for an alias by the fence alone', async () => {
    const alias = (index: number): ResourceRecordSet => {
      const { TTL: _, ResourceRecords: __, ...rest } = pairOf()[index] as ResourceRecordSet;
      const target = { HostedZoneId: 'Z0', DNSName: `lb-${index}.example.com`, EvaluateTargetHealth: false };
      return { ...rest, AliasTarget: target };
    };
    const load = [0, 1].map(
      (index): ResourceRecordSet => ({
        ...{ Name: `lb-${index}.example.com`, Type: 'A', TTL: 60 },
        ResourceRecords: [{ Value: GREEN_IP }],
      }),
    );
    const shop = await openClaimed(stage, [alias(0), alias(1), ...load], { ttlMs: 1_000 });
    shop.dns.lag();
    await shop.shift(GREEN);
    await says(shop.router, 'still answers what stood before');
    shop.dns.follow();
    await isConverged(shop.router);
    await shop.close();
  });

  it('with few calls: a look costs none, a second of waiting at most one', async () => {
    const shop = await openClaimed(stage, pairOf({ TTL: 4 }));
    await shop.shift(GREEN);
    const from = stage.proxy.calls.length;
    const endsAtMs = performance.now() + 4_000;
    while (performance.now() < endsAtMs) {
      await look(shop.router);
      await sleep(50);
    }
    expect(stage.proxy.calls.length - from).toBeLessThanOrEqual(4);
    const watched = stage.proxy.calls.length;
    for (let tick = 0; tick < 50; tick += 1) await shop.router.read(limit(), 90_000);
    expect(stage.proxy.calls.length - watched).toBeLessThanOrEqual(1);
    await shop.close();
  });
});
