import { setTimeout as sleep } from 'node:timers/promises';
import { type Action, DescribeRulesCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BLUE, claim, fence, GREEN, openAlb, routerOf, signal } from '../../support/aws/alb-fixture.ts';
import { isAction, stale, throttled } from '../../support/aws/fault-proxy.ts';
import { forward, openLoadBalancer, targetsSeen } from '../../support/aws/load-balancer.ts';
import { type AwsStage, openAwsStage } from '../../support/aws/stage.ts';
import { cutAfter, cutBefore } from '../../support/intercepting-proxy.ts';
import { requirePart } from '../../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const isWrite = isAction('ModifyListener', 'ModifyRule');
const isHealth = isAction('DescribeTargetHealth');

moto.suite('a write to target groups', () => {
  let stage: AwsStage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  describe('changes two weights, and', () => {
    const oidc: Action = {
      Type: 'authenticate-oidc',
      Order: 1,
      AuthenticateOidcConfig: {
        Issuer: 'https://id.example.com',
        AuthorizationEndpoint: 'https://id.example.com/a',
        TokenEndpoint: 'https://id.example.com/t',
        UserInfoEndpoint: 'https://id.example.com/u',
        ClientId: 'shop',
        OnUnauthenticatedRequest: 'authenticate',
      },
    };
    const sticky = { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 30 } };

    it('no other action of a listener, nor its port, protocol, policy and certificates', async () => {
      const { balancer, shift, calls } = await openAlb(
        stage,
        { actions: (groups) => [oidc, { ...forward(groups, BLUE, sticky), Order: 2 }] },
        () => ({ stickyForMs: 30_000 }),
      );
      const [before] = await balancer.actionsOf(balancer.listener);
      expect((await shift({ blue: 99.5, green: 0.5 }, 1)).kind).toBe('written');
      const [first, second] = await balancer.actionsOf(balancer.listener);
      expect({ ...first?.AuthenticateOidcConfig, UseExistingClientSecret: undefined }).toEqual({
        ...before?.AuthenticateOidcConfig,
        UseExistingClientSecret: undefined,
      });
      expect(second).toMatchObject({ Order: 2, ForwardConfig: sticky });
      expect(second?.ForwardConfig?.TargetGroups?.map(({ Weight: weight }) => weight)).toEqual([199, 1]);
      const [write] = calls('ModifyListener');
      const keys = [...new URLSearchParams(write?.body).keys()].map((key) => key.split('.')[0]);
      expect([...new Set(keys)].sort()).toEqual(['Action', 'DefaultActions', 'ListenerArn', 'Version']);
      expect(write?.body).toContain('UseExistingClientSecret=true');
    });

    it('no condition or priority of a rule', async () => {
      let rule = '';
      const { balancer, shift, calls } = await openAlb(stage, {}, async (its) => {
        rule = await its.addRule();
        return { listeners: [], rules: [rule] };
      });
      expect((await shift(GREEN, 1)).kind).toBe('written');
      const keys = [...new URLSearchParams(calls('ModifyRule')[0]?.body).keys()].map((key) => key.split('.')[0]);
      expect([...new Set(keys)].sort()).toEqual(['Action', 'Actions', 'RuleArn', 'Version']);
      expect(await balancer.actionsOf(rule)).toMatchObject([forward(balancer.groups, GREEN)]);
      expect(await balancer.actionsOf(balancer.listener)).toMatchObject([forward(balancer.groups, BLUE)]);
    });

    it('no tag of others', async () => {
      const { balancer, shift } = await openAlb(stage);
      await balancer.putTags(balancer.listener, { team: 'shop' });
      await shift(GREEN, 1);
      expect(await balancer.tagsOf(balancer.listener)).toMatchObject({
        team: 'shop',
        'cutover:fence-1': expect.stringMatching(/^epoch=1 step=1 before=100\/0 to=0\/100 /),
        'cutover:run-1': 'cutover/production/shop+200199a5',
      });
    });
  });

  it('takes few calls: a look, an intent, a last look, the weights, and what came of it', async () => {
    const { shift, calls } = await openAlb(stage);
    await shift(GREEN, 1);
    const reads = calls('DescribeListeners', 'DescribeTags', 'DescribeTargetHealth');
    expect([reads.length, calls('AddTags').length, calls('ModifyListener').length]).toEqual([7, 1, 1]);
  });

  it('of a claim puts the standby group beside the one that is there by itself, so that its targets are checked', async () => {
    const single = (groups: { blue: string }): Action[] => [{ Type: 'forward', TargetGroupArn: groups.blue }];
    const { balancer, claimed, shift } = await openAlb(stage, { actions: single });
    expect(claimed).toMatchObject({ weights: BLUE, before: BLUE, revision: '1.0', fenced_revision: '1.0' });
    expect(await balancer.actionsOf(balancer.listener)).toMatchObject([forward(balancer.groups, BLUE)]);
    expect((await shift(GREEN, 1)).kind).toBe('written');
  });

  it('of a claim gives the test listener to the standby colour, also when it is repeated', async () => {
    const balancer = await openLoadBalancer(stage);
    const testListener = await balancer.addListener();
    const router = routerOf(balancer, { testListener });
    const { revision } = await router.read(signal());
    stage.proxy.intercept(isWrite, cutBefore);
    await expect(router.claim(revision, fence(0), signal())).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
    expect(await router.claim(revision, fence(0), signal())).toMatchObject({ kind: 'already' });
    expect(await balancer.actionsOf(testListener)).toMatchObject([forward(balancer.groups, GREEN)]);
    expect(await router.read(signal())).toMatchObject({ weights: BLUE, revision: '1.0' });
  });

  describe('is refused', () => {
    it('when nothing is named, or what is named is not there', async () => {
      const balancer = await openLoadBalancer(stage);
      expect(() => routerOf(balancer, { listeners: [] })).toThrow(/needs a `listener` or a `rule`/);
      const listeners = [balancer.listener, `${balancer.listener}0`];
      await expect(routerOf(balancer, { listeners }).read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_AWS_NOT_FOUND',
      });
    });

    it('when a listener forwards to others, too, or is named by its default rule', async () => {
      const other = await openLoadBalancer(stage);
      const mixed = await openLoadBalancer(stage);
      await mixed.putActions(mixed.listener, [forward({ ...mixed.groups, green: other.groups.green }, BLUE)]);
      await expect(routerOf(mixed).read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining(other.groups.green),
      });
      const { Rules: rules = [] } = await other.elb.send(new DescribeRulesCommand({ ListenerArn: other.listener }));
      const byRule = routerOf(other, { listeners: [], rules: [rules[0]?.RuleArn ?? ''] });
      await expect(byRule.read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining('name the listener instead'),
      });
    });

    it('when places do not agree before anything was claimed', async () => {
      const balancer = await openLoadBalancer(stage);
      const second = await balancer.addListener([forward(balancer.groups, GREEN)]);
      const router = routerOf(balancer, { listeners: [balancer.listener, second] });
      await expect(router.read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining('do not agree'),
      });
    });

    it('for another kind of load balancer, and for shares that it does not have', async () => {
      const network = await openLoadBalancer(stage, { type: 'network' });
      await expect(routerOf(network).read(signal())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining('speaks TCP: it is none of an Application Load Balancer'),
      });
      const application = routerOf(await openLoadBalancer(stage), { balancer: 'network' });
      await expect(application.read(signal())).rejects.toMatchObject({ code: 'CUTOVER_ROUTER_OBJECT' });
      const router = routerOf(network, { balancer: 'network' });
      const { revision } = await claim(router);
      const half = { weights: { blue: 50, green: 50 }, expected_revision: revision, fence: fence(1) };
      await expect(router.shift(half, signal())).rejects.toMatchObject({ code: 'CUTOVER_PLAN_ROUTER' });
    });

    it('when cookies hold clients longer than the plan reckons with', async () => {
      const sticky = { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 3_600 } };
      const actions = (groups: { blue: string; green: string }) => [forward(groups, BLUE, sticky)];
      const balancer = await openLoadBalancer(stage, { actions });
      await expect(claim(routerOf(balancer, { stickyForMs: 60_000 }))).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining('write `sticky_for: 1h`'),
      });
      expect(await balancer.tagsOf(balancer.listener)).toEqual({});
    });
  });

  describe('gives a colour no more traffic', () => {
    it.each(['initial', 'unused', 'draining', 'unavailable', 'unhealthy', 'unhealthy.draining'])(
      'while its targets are %s, unless it is forced',
      async (state) => {
        const { shift, calls, router } = await openAlb(stage);
        stage.proxy.intercept(isHealth, targetsSeen([{ id: '10.0.2.1', state }]));
        await expect(shift(GREEN, 1)).rejects.toMatchObject({
          code: 'CUTOVER_CAPACITY_SHORT',
          message: expect.stringContaining(`0 healthy, 1 ${state}`),
        });
        expect(calls('AddTags', 'ModifyListener')).toEqual([]);
        expect((await router.read(signal())).weights).toEqual(BLUE);
        expect((await shift(GREEN, 1, { force: true })).kind).toBe('written');
      },
    );

    it('while its health is unknown; only the colour that had it all may go without', async () => {
      const { shift } = await openAlb(stage);
      stage.proxy.intercept(isHealth, throttled);
      await expect(shift(GREEN, 1)).rejects.toMatchObject({ code: 'CUTOVER_AWS_THROTTLED' });
      const { state } = await shift(GREEN, 1);
      stage.proxy.intercept(isHealth, throttled);
      expect((await shift(BLUE, 2, { expected: state.revision })).kind).toBe('written');
    });
  });

  describe('that ended between its tags and its weights', () => {
    async function halfDone() {
      const fixture = await openAlb(stage);
      stage.proxy.intercept(isWrite, cutBefore);
      await expect(fixture.shift(GREEN, 1)).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
      return fixture;
    }

    it('has changed nothing yet, and is not taken for a foreign write', async () => {
      const { router, claimed } = await halfDone();
      const state = await router.read(signal());
      expect(state).toMatchObject({ weights: BLUE, revision: claimed.revision, fenced_revision: claimed.revision });
      expect(state).toMatchObject({ before: BLUE, fence: fence(1) });
      await expect(router.convergence(GREEN, signal())).rejects.toMatchObject({ code: 'CUTOVER_AWS_CONFLICT' });
    });

    it('is finished by the next attempt', async () => {
      const { shift, another } = await halfDone();
      const { kind, state } = await shift(GREEN, 1, { by: another });
      expect([kind, state.weights, state.revision, state.before]).toEqual(['written', GREEN, '1.1', BLUE]);
    });

    it('is overtaken by a rollback, which needs no weights changed', async () => {
      const { shift, calls, router } = await halfDone();
      expect((await shift(BLUE, 2)).kind).toBe('written');
      expect(await router.read(signal())).toMatchObject({ weights: BLUE, revision: '1.2', fenced_revision: '1.2' });
      expect((await shift(GREEN, 1)).kind).toBe('superseded');
      expect(calls('ModifyListener')).toHaveLength(1);
    });

    it('is overtaken by another deployment', async () => {
      const { another, router } = await halfDone();
      const { revision } = await another.read(signal());
      expect(await another.claim(revision, fence(0, 2, 'b'), signal())).toMatchObject({ kind: 'written' });
      expect(await router.read(signal())).toMatchObject({ weights: BLUE, before: BLUE, fence: fence(0, 2, 'b') });
    });
  });

  it('that ended between its weights and what came of it is found done', async () => {
    const { shift, calls } = await openAlb(stage);
    stage.proxy.intercept(isWrite, cutAfter);
    await expect(shift(GREEN, 1)).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
    const { kind, state } = await shift(GREEN, 1);
    expect([kind, state.weights, state.revision, state.fenced_revision]).toEqual(['already', GREEN, '1.1', '1.1']);
    expect(calls('ModifyListener')).toHaveLength(1);
  });

  describe('that reached one of two listeners', () => {
    async function torn() {
      const fixture = await openAlb(stage, {}, async (its) => ({ listeners: [its.listener, await its.addListener()] }));
      stage.proxy.intercept(isWrite, cutBefore);
      await expect(fixture.shift(GREEN, 1)).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
      // The other one's answer may be later than the error.
      await sleep(300);
      return fixture;
    }

    it('has both colours serve, and is finished by the next attempt', async () => {
      const { router, shift, claimed } = await torn();
      expect(await router.read(signal())).toMatchObject({
        weights: { blue: 50, green: 50 },
        revision: claimed.revision,
        fenced_revision: claimed.revision,
      });
      expect((await shift(GREEN, 1)).kind).toBe('written');
      expect(await router.read(signal())).toMatchObject({ weights: GREEN, revision: '1.1' });
    });

    it('is taken back by a rollback', async () => {
      const { router, shift } = await torn();
      expect((await shift(BLUE, 2)).kind).toBe('written');
      expect(await router.read(signal())).toMatchObject({ weights: BLUE, revision: '1.2', fenced_revision: '1.2' });
    });
  });

  describe('of a worker that froze', () => {
    it.each(['before', 'after'] as const)(
      '%s its tags finds the rollback there, and writes no weights',
      async (when) => {
        const { shift, another, calls, router } = await openAlb(stage);
        const held = stage.proxy.hold(isAction('AddTags'), when);
        const frozen = shift(GREEN, 1);
        await held.caught;
        expect((await shift(BLUE, 2, { by: another })).kind).toBe('written');
        held.release();
        expect((await frozen).kind).toBe('superseded');
        expect(calls('ModifyListener')).toEqual([]);
        expect(await router.read(signal())).toMatchObject({ weights: BLUE, revision: '1.2', fenced_revision: '1.2' });
      },
    );

    it('with its last look in its hand looks again once that is 2 s old', async () => {
      const { shift, another, calls } = await openAlb(stage);
      const intent = stage.proxy.hold(isAction('AddTags'), 'before');
      const frozen = shift(GREEN, 1);
      await intent.caught;
      const look = stage.proxy.hold(isAction('DescribeTags'), 'after');
      intent.release();
      await look.caught;
      const at = Date.now();
      expect((await shift(BLUE, 2, { by: another })).kind).toBe('written');
      await sleep(Math.max(0, 2_050 - (Date.now() - at)));
      look.release();
      const outcome = await frozen.catch((error: { code: string }) => ({ kind: error.code }));
      expect(['superseded', 'CUTOVER_AWS_UNREACHABLE']).toContain(outcome.kind);
      expect(calls('ModifyListener')).toEqual([]);
    });

    it('between its last look and its weights is not stopped: it is seen as drift, and overwritten', async () => {
      const { shift, another, router } = await openAlb(stage);
      const held = stage.proxy.hold(isWrite, 'before');
      const frozen = shift(GREEN, 1).catch((error: { code: string }) => ({ kind: error.code }));
      await held.caught;
      expect((await shift(BLUE, 2, { by: another })).kind).toBe('written');
      held.release();
      expect((await frozen).kind).toBe('superseded');
      const drifted = await router.read(signal());
      expect(drifted).toMatchObject({ weights: GREEN, fence: fence(2), fenced_revision: '1.2' });
      expect(drifted.revision).not.toBe(drifted.fenced_revision);
      expect((await another.convergence(BLUE, signal())).converged).toBe(false);
      expect((await shift(BLUE, 3, { expected: '1.2' })).kind).toBe('conflict');
      expect((await shift(BLUE, 3, { expected: drifted.revision })).kind).toBe('written');
      expect(await router.read(signal())).toMatchObject({ weights: BLUE, revision: '1.3', fenced_revision: '1.3' });
    });
  });

  it('stops at weights that somebody changed since its first look', async () => {
    const { shift, balancer, calls } = await openAlb(stage);
    const held = stage.proxy.hold(isAction('AddTags'), 'before');
    const writing = shift(GREEN, 1);
    await held.caught;
    await balancer.putWeights(balancer.listener, { blue: 70, green: 30 });
    held.release();
    const { kind, state } = await writing;
    expect([kind, state.weights, calls('ModifyListener').length]).toEqual(['conflict', { blue: 70, green: 30 }, 0]);
    expect(state.revision).not.toBe(state.fenced_revision);
  });

  it('tells of weights that somebody changed before they were read back', async () => {
    const { shift, balancer } = await openAlb(stage);
    const held = stage.proxy.hold(isWrite, 'after');
    const writing = shift(GREEN, 1);
    await held.caught;
    await balancer.putWeights(balancer.listener, { blue: 70, green: 30 });
    held.release();
    const { state } = await writing;
    expect(state.weights).toEqual({ blue: 70, green: 30 });
    expect(state.revision).not.toBe(state.fenced_revision);
  });

  it('sees what changes beside the weights as drift', async () => {
    const { router, balancer, shift, claimed } = await openAlb(stage);
    const sticky = { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 5 } };
    await balancer.putActions(balancer.listener, [forward(balancer.groups, BLUE, sticky)]);
    const state = await router.read(signal());
    expect(state.weights).toEqual(BLUE);
    expect(state.revision).not.toBe(claimed.revision);
    expect((await shift(GREEN, 1)).kind).toBe('conflict');
  });

  describe('that reads lag behind', () => {
    it('waits until its tags and its weights are read back', async () => {
      const { shift } = await openAlb(stage);
      stage.proxy.intercept(
        (call) => isAction('DescribeTags')(call) && wasWritten('AddTags'),
        stale(stage.proxy.remembered),
        2,
      );
      stage.proxy.intercept(
        (call) => isAction('DescribeListeners')(call) && wasWritten('ModifyListener'),
        stale(stage.proxy.remembered),
        2,
      );
      const from = stage.proxy.calls.length;
      const wasWritten = (action: string) =>
        stage.proxy.calls.slice(from).some((call) => call.action === action && call.done === 200);
      const { kind, state } = await shift(GREEN, 1);
      expect([kind, state.weights, state.revision]).toEqual(['written', GREEN, '1.1']);
    });

    it('is left to the next attempt when that takes long, which finds it done', async () => {
      const { shift } = await openAlb(stage);
      const from = stage.proxy.calls.length;
      const wasWritten = () =>
        stage.proxy.calls.slice(from).some((call) => call.action === 'ModifyListener' && call.done === 200);
      const lagging = (call: { action: string }) => call.action === 'DescribeListeners' && wasWritten();
      stage.proxy.intercept(lagging, stale(stage.proxy.remembered), 1_000);
      await expect(shift(GREEN, 1)).rejects.toMatchObject({ code: 'CUTOVER_AWS_CONFLICT' });
      stage.proxy.calm();
      expect((await shift(GREEN, 1)).kind).toBe('already');
    });
  });

  it('among many at once leaves the router as its fence says, or seen to be otherwise', async () => {
    const { shift, router, another } = await openAlb(stage);
    const steps = [1, 2, 3, 4, 5, 6];
    const weightsOf = (step: number) => (step % 2 === 0 ? BLUE : { blue: 100 - step, green: step });
    await Promise.allSettled(
      steps.map((step) => shift(weightsOf(step), step, { by: step % 2 === 0 ? router : another })),
    );
    const { weights, fence: stored, revision, fenced_revision: fenced } = await router.read(signal());
    if (revision === fenced) expect(weights).toEqual(weightsOf(stored?.step ?? 0));
    else expect(weights).not.toEqual(weightsOf(stored?.step ?? 0));
  });
});
