import { setTimeout as sleep } from 'node:timers/promises';
import { ModifyTargetGroupAttributesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RouterState } from '../../../src/adapters/types.ts';
import { type AlbFixture, BLUE, GREEN, openAlb, signal } from '../../support/aws/alb-fixture.ts';
import { isAction, throttled } from '../../support/aws/fault-proxy.ts';
import { forward, type TargetSeen, targetsSeen } from '../../support/aws/load-balancer.ts';
import { type AwsStage, openAwsStage } from '../../support/aws/stage.ts';
import { requirePart } from '../../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const READS = ['DescribeListeners', 'DescribeTags', 'DescribeTargetHealth', 'DescribeLoadBalancers'];
const ALWAYS = Number.POSITIVE_INFINITY;

moto.suite('target groups have converged', () => {
  let stage: AwsStage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  function seeTargets({ balancer }: AlbFixture, colour: 'blue' | 'green', targets: readonly TargetSeen[]): void {
    const group = encodeURIComponent(balancer.groups[colour]);
    const fits = isAction('DescribeTargetHealth');
    stage.proxy.intercept((call) => fits(call) && call.body.includes(group), targetsSeen(targets), ALWAYS);
  }

  const targets = (count: number, state = 'healthy', zones: string[] = []): TargetSeen[] =>
    Array.from({ length: count }, (_, index) => {
      const zone = zones[index % Math.max(1, zones.length)];
      return { id: `10.0.9.${index + 1}`, state, ...(zone === undefined ? {} : { zone }) };
    });

  async function shifted(share: number): Promise<AlbFixture & { state: RouterState }> {
    const fixture = await openAlb(stage);
    const { state } = await fixture.shift({ blue: 100 - share, green: share }, 1);
    return { ...fixture, state };
  }

  it('when the weights are read back, and not before', async () => {
    const { router } = await shifted(100);
    expect(await router.convergence(GREEN, signal())).toMatchObject({
      converged: true,
      in_flight: null,
      detail: 'every new request follows',
      state: { weights: GREEN, revision: '1.1' },
    });
    expect(await router.convergence({ blue: 50, green: 50 }, signal())).toMatchObject({
      converged: false,
      detail: 'the load balancer gives blue 0 %, green 100 %',
    });
  });

  describe('with as many healthy targets of the candidate as its share needs', () => {
    it.each<[string, number, number, number, boolean]>([
      ['as many as the active colour at 100 %', 100, 4, 4, true],
      ['one less', 100, 4, 3, false],
      ['a fifth of them at 20 %, rounded up', 20, 6, 2, true],
      ['less than a fifth', 20, 6, 1, false],
      ['one at 1 %', 1, 6, 1, true],
    ])('%s', async (_, share, active, candidate, converged) => {
      const fixture = await shifted(share);
      seeTargets(fixture, 'blue', targets(active));
      seeTargets(fixture, 'green', targets(candidate));
      const answer = await fixture.router.convergence({ blue: 100 - share, green: share }, signal());
      expect(answer.converged).toBe(converged);
      if (!converged) expect(answer.detail).toMatch(/^the target group of green has \d healthy; it needs \d healthy$/);
    });

    it.each(['initial', 'unused', 'draining', 'unavailable', 'unhealthy'])('of which %s is none', async (state) => {
      const fixture = await shifted(100);
      seeTargets(fixture, 'blue', targets(2));
      seeTargets(fixture, 'green', [...targets(1), { id: '10.0.9.9', state }]);
      expect(await fixture.router.convergence(GREEN, signal())).toMatchObject({
        converged: false,
        detail: `the target group of green has 1 healthy, 1 ${state}; it needs 2 healthy`,
      });
    });
  });

  it('on the way back with one healthy target of the old colour, however many the candidate has', async () => {
    const fixture = await shifted(100);
    await fixture.shift(BLUE, 2, { expected: fixture.state.revision });
    seeTargets(fixture, 'blue', [...targets(1), { id: '10.0.9.9', state: 'unhealthy' }]);
    seeTargets(fixture, 'green', targets(9));
    expect((await fixture.router.convergence(BLUE, signal())).converged).toBe(true);
  });

  describe('in every zone that is enabled and in which the active colour has targets', () => {
    it('by the zones that the API tells of', async () => {
      const fixture = await shifted(100);
      const [first = '', second = ''] = fixture.balancer.zones;
      seeTargets(fixture, 'blue', targets(2, 'healthy', [first, second]));
      seeTargets(fixture, 'green', targets(2, 'healthy', [first]));
      expect(await fixture.router.convergence(GREEN, signal())).toMatchObject({
        converged: false,
        detail: `green has no healthy target in ${second}`,
      });
    });

    it('which may be one alone, or a zone that is not enabled', async () => {
      const fixture = await shifted(100);
      const [first = ''] = fixture.balancer.zones;
      seeTargets(fixture, 'blue', targets(2, 'healthy', [first, 'eu-west-1f']));
      seeTargets(fixture, 'green', targets(2, 'healthy', [first]));
      expect((await fixture.router.convergence(GREEN, signal())).converged).toBe(true);
    });

    it('by the zones of the instances', async () => {
      const fixture = await openAlb(stage, { targets: { blue: 0, green: 0 } });
      const { balancer, router, shift } = fixture;
      const [first = '', second = ''] = balancer.zones;
      await balancer.register('blue', await balancer.launch([first, second]));
      const green = await balancer.launch([first, first]);
      await balancer.register('green', green);
      await shift(GREEN, 1);
      expect((await router.convergence(GREEN, signal())).detail).toBe(`green has no healthy target in ${second}`);
      await balancer.register('green', await balancer.launch([second]));
      await sleep(1_050);
      expect((await router.convergence(GREEN, signal())).converged).toBe(true);
      await balancer.terminate(green);
    });

    it('below 100 % only where a zone uses no targets of others', async () => {
      const fixture = await shifted(20);
      const share = { blue: 80, green: 20 };
      const [first = '', second = ''] = fixture.balancer.zones;
      seeTargets(fixture, 'blue', targets(2, 'healthy', [first, second]));
      seeTargets(fixture, 'green', targets(1, 'healthy', [first]));
      expect((await fixture.router.convergence(share, signal())).converged).toBe(true);
      const alone = await shifted(20);
      await alone.balancer.elb.send(
        new ModifyTargetGroupAttributesCommand({
          TargetGroupArn: alone.balancer.groups.green,
          Attributes: [{ Key: 'load_balancing.cross_zone.enabled', Value: 'false' }],
        }),
      );
      seeTargets(alone, 'blue', targets(2, 'healthy', [first, second]));
      seeTargets(alone, 'green', targets(1, 'healthy', [first]));
      expect((await alone.router.convergence(share, signal())).detail).toBe(`green has no healthy target in ${second}`);
    });
  });

  it('when the last cookie of target group stickiness has run out', async () => {
    const sticky = { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 3 } };
    const { router, shift, claimed } = await openAlb(
      stage,
      { actions: (groups) => [forward(groups, BLUE, sticky)] },
      () => ({ stickyForMs: 3_000 }),
    );
    expect((await router.convergence(BLUE, signal())).converged).toBe(true);
    await shift(GREEN, 1, { expected: claimed.revision });
    const { converged, detail } = await router.convergence(GREEN, signal());
    expect([converged, detail]).toEqual([
      false,
      expect.stringMatching(/^target group stickiness may hold clients where they were for another [123]s$/),
    ]);
    await sleep(3_500);
    expect((await router.convergence(GREEN, signal())).converged).toBe(true);
  });

  describe('is asked', () => {
    it('of AWS once a second at most, however often it is asked', async () => {
      const { router, calls } = await shifted(100);
      const before = calls(...READS).length;
      const endsAtMs = performance.now() + 2_500;
      let asked = 0;
      while (performance.now() < endsAtMs) {
        await router.convergence(GREEN, signal());
        asked += 1;
        await sleep(25);
      }
      const round = 4;
      expect(asked).toBeGreaterThan(20);
      expect(calls(...READS).length - before).toBeLessThanOrEqual(3 * round + 1);
    });

    it('of AWS again after a write', async () => {
      const { router, shift, state } = await shifted(100);
      expect((await router.convergence(GREEN, signal())).converged).toBe(true);
      await shift(BLUE, 2, { expected: state.revision });
      expect((await router.convergence(BLUE, signal())).converged).toBe(true);
      expect((await router.convergence(GREEN, signal())).converged).toBe(false);
    });

    it('of an API that is throttled, which is told, and is no success', async () => {
      const fixture = await shifted(100);
      stage.proxy.intercept(isAction('DescribeTargetHealth'), throttled, ALWAYS);
      expect(await fixture.router.convergence(GREEN, signal())).toMatchObject({
        converged: false,
        detail: expect.stringMatching(
          /^throttled, retrying: elasticloadbalancing:DescribeTargetHealth on \*: Throttling/,
        ),
      });
      stage.proxy.calm();
      const other = await shifted(100);
      stage.proxy.intercept(isAction('DescribeListeners'), throttled, ALWAYS);
      await expect(other.router.convergence(GREEN, signal())).rejects.toMatchObject({
        code: 'CUTOVER_AWS_THROTTLED',
        fault: 'system',
        message: expect.stringContaining('throttled, retrying: '),
      });
    });
  });
});
