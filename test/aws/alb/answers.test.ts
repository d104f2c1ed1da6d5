import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TrafficRouter, WriteResult } from '../../../src/adapters/types.ts';
import { BLUE, fence, GREEN, openAlb, routerOf, signal } from '../../support/aws/alb-fixture.ts';
import { type AwsFault, isAction, refused, slow, stale, throttled, unwell } from '../../support/aws/fault-proxy.ts';
import { openLoadBalancer } from '../../support/aws/load-balancer.ts';
import { type AwsStage, openAwsStage } from '../../support/aws/stage.ts';
import { cutAfter, cutBefore } from '../../support/intercepting-proxy.ts';
import { requirePart } from '../../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const LOOKS = ['DescribeListeners', 'DescribeTags'];
const MOST_ATTEMPTS = 6;

interface Fault {
  name: string;
  what: (stage: AwsStage) => AwsFault;
  times: number;
  /** What the attempts that meet it throw; null: none does. */
  code: string | null;
  /** It was done all the same. */
  done: boolean;
}

const FAULTS: Fault[] = [
  { name: 'throttled 5 times', what: () => throttled, times: 5, code: 'CUTOVER_AWS_THROTTLED', done: false },
  { name: 'answered with 500', what: () => unwell, times: 1, code: 'CUTOVER_AWS_UNWELL', done: false },
  { name: 'cut off before it', what: () => cutBefore, times: 1, code: 'CUTOVER_AWS_UNREACHABLE', done: false },
  { name: 'cut off after it', what: () => cutAfter, times: 1, code: 'CUTOVER_AWS_UNREACHABLE', done: true },
  { name: 'slow', what: () => slow(3_000), times: 1, code: 'CUTOVER_AWS_UNREACHABLE', done: true },
];

moto.suite('what Elastic Load Balancing may answer', () => {
  let stage: AwsStage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  /** As an activity is: again until it is through. The attempts before the last met `code`. */
  async function persist<T>(attempt: () => Promise<T>, code: string | null): Promise<{ value: T; attempts: number }> {
    for (let attempts = 1; ; attempts += 1) {
      try {
        return { value: await attempt(), attempts };
      } catch (error) {
        expect(error).toMatchObject({ code, fault: 'system' });
        if (attempts >= MOST_ATTEMPTS) throw error;
      }
    }
  }

  const written = (actions: string[], from: number) =>
    stage.proxy.calls.slice(from).filter(({ action, done }) => actions.includes(action) && done === 200);

  describe.each([...LOOKS, 'AddTags'])('to a claim, at %s', (action) => {
    it.each(FAULTS)('$name: it is made once', async ({ what, times, code, done }) => {
      const router = routerOf(await openLoadBalancer(stage));
      const { revision } = await router.read(signal());
      const from = stage.proxy.calls.length;
      stage.proxy.intercept(isAction(action), what(stage), times);
      const { value, attempts } = await persist(() => router.claim(revision, fence(0), signal()), code);
      const isThere = action === 'AddTags' && done;
      expect(value).toMatchObject({ kind: isThere ? 'already' : 'written', state: { weights: BLUE, revision: '1.0' } });
      expect([attempts > 1, written(['AddTags'], from).length, written(['ModifyListener'], from).length]).toEqual([
        true,
        1,
        0,
      ]);
    });
  });

  describe.each([...LOOKS, 'DescribeTargetHealth', 'AddTags', 'ModifyListener'])('to a shift, at %s', (action) => {
    it.each(FAULTS)('$name: it is made once', async ({ what, times, code, done }) => {
      const { router, shift } = await openAlb(stage);
      const from = stage.proxy.calls.length;
      stage.proxy.intercept(isAction(action), what(stage), times);
      const { value, attempts } = await persist(() => shift(GREEN, 1), code);
      const isThere = action === 'ModifyListener' && done;
      expect(value).toMatchObject({
        kind: isThere ? 'already' : 'written',
        state: { weights: GREEN, revision: '1.1' },
      });
      expect(attempts).toBeGreaterThan(1);
      expect(written(['ModifyListener'], from)).toHaveLength(1);
      expect(await router.read(signal())).toMatchObject({ weights: GREEN, before: BLUE, fenced_revision: '1.1' });
    });
  });

  describe.each(LOOKS)('that is old for once, at %s', (action) => {
    it.each<[string, (fixture: Awaited<ReturnType<typeof openAlb>>) => Promise<WriteResult>, object]>([
      ['a shift', ({ shift }) => shift(GREEN, 1), { weights: GREEN, revision: '1.1' }],
      [
        'the shift after it',
        async ({ shift }) => shift(BLUE, 2, { expected: (await shift(GREEN, 1)).state.revision }),
        { weights: BLUE, revision: '1.2' },
      ],
    ])('%s is made all the same', async (_, write, expected) => {
      const fixture = await openAlb(stage);
      stage.proxy.intercept(isAction(action), stale(stage.proxy.remembered));
      const attempt = () => write(fixture);
      const { value } = await persist(attempt, 'CUTOVER_AWS_CONFLICT');
      expect(value.state).toMatchObject(expected);
    });
  });

  describe('to a look', () => {
    const looks: [string, (router: TrafficRouter) => Promise<unknown>][] = [
      ['as it is now', (router) => router.read(signal())],
      ['at convergence', (router) => router.convergence(BLUE, signal())],
    ];
    it.each(looks.flatMap(([name, look]) => FAULTS.slice(1, 4).map((fault) => ({ at: name, look, ...fault }))))(
      '$at, $name: the next one sees it, if not this one',
      async ({ look, what, code }) => {
        const { router, calls } = await openAlb(stage);
        stage.proxy.intercept(isAction('DescribeListeners'), what(stage));
        await persist(() => look(router), code);
        expect(calls('DescribeListeners')).toHaveLength(2);
        expect(calls('AddTags', 'ModifyListener')).toEqual([]);
      },
    );

    it('that may be as old as another is not sent', async () => {
      const { router, another, calls, balancer } = await openAlb(stage);
      const state = await router.read(signal(), 5_000);
      await balancer.putWeights(balancer.listener, GREEN);
      expect(await another.read(signal(), 5_000)).toEqual(state);
      expect(calls('DescribeListeners')).toHaveLength(1);
      expect((await router.read(signal())).weights).toEqual(GREEN);
    });

    it('comes in pages', async () => {
      const rules: string[] = [];
      const { router, calls } = await openAlb(stage, {}, async (balancer) => {
        rules.push(await balancer.addRule(), await balancer.addRule());
        return { rules };
      });
      const page = (members: string, marker: string) => ({
        status: 200,
        headers: { 'content-type': 'text/xml' },
        body: `<DescribeRulesResponse><DescribeRulesResult><Rules>${members}</Rules>${marker}</DescribeRulesResult></DescribeRulesResponse>`,
      });
      let later = '';
      stage.proxy.intercept(isAction('DescribeRules'), async (pass) => {
        const all = /<Rules>(.*)<\/Rules>/s.exec((await pass()).body)?.[1] ?? '';
        const split = all.lastIndexOf('<member><RuleArn>');
        later = all.slice(split);
        expect(split).toBeGreaterThan(0);
        return page(all.slice(0, split), '<NextMarker>second</NextMarker>');
      });
      stage.proxy.intercept(isAction('DescribeRules'), async (_, call) => {
        expect(call.body).toContain('Marker=second');
        return page(later, '');
      });
      const state = await router.read(signal());
      expect(calls('DescribeRules')).toHaveLength(2);
      expect(state).toMatchObject({ weights: BLUE, revision: '1.0' });
    });
  });

  it('for a listener that is gone says so', async () => {
    const { router, shift, balancer } = await openAlb(stage);
    const gone = refused(400, 'ListenerNotFound', 'One or more listeners not found');
    stage.proxy.intercept(isAction('DescribeListeners'), gone, 2);
    await expect(router.read(signal())).rejects.toMatchObject({ code: 'CUTOVER_AWS_NOT_FOUND', fault: 'user' });
    await expect(shift(GREEN, 1)).rejects.toMatchObject({ code: 'CUTOVER_AWS_NOT_FOUND' });
    expect(await balancer.actionsOf(balancer.listener)).toHaveLength(1);
  });

  it('without permission names the listener in the statement that would allow it', async () => {
    const { shift, balancer } = await openAlb(stage);
    stage.proxy.intercept(isAction('ModifyListener'), refused(403, 'AccessDenied', 'User is not authorized'));
    await expect(shift(GREEN, 1)).rejects.toMatchObject({
      code: 'CUTOVER_AWS_FORBIDDEN',
      details: {
        statement: {
          Effect: 'Allow',
          Action: 'elasticloadbalancing:ModifyListener',
          Resource: balancer.listener,
        },
      },
    });
    expect((await shift(GREEN, 1)).kind).toBe('written');
  });
});
