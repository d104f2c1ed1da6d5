import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { isAction } from '../support/aws/fault-proxy.ts';
import { BLUE, CLAIM, GREEN, limit } from '../support/aws/route53-claimed.ts';
import { openRoute53Stage, openShop, type Route53Stage, type Shop, TARGET } from '../support/aws/route53-shop.ts';
import { cutBefore } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openRoute53Stage);

/** The first zone holds the fence that counts; each test breaks something between it and the second. */
moto.suite('two zones of Route 53', () => {
  let stage: Route53Stage;
  let first: Shop;
  let second: Shop;
  let router: Shop['router'];
  let other: Shop['router'];
  beforeAll(() => {
    stage = moto.value();
  });
  afterAll(() => stage?.stop());
  beforeEach(async () => {
    [first, second] = [await openShop(stage), await openShop(stage)];
    const records = [first, second].map(({ zone }) => ({ zone, record: TARGET, type: 'A' as const }));
    [router, other] = [first.another({ records }), first.another({ records })];
    const { revision } = await router.read(limit());
    expect((await router.claim(revision, CLAIM, limit())).kind).toBe('written');
  });
  afterEach(async () => {
    stage.proxy.calm();
    await first.close();
    await second.close();
  });

  const isWriteTo = (shop: Shop) => (call: Parameters<ReturnType<typeof isAction>>[0]) =>
    isAction('ChangeResourceRecordSets')(call) && call.path.includes(shop.zone);
  const weights = () => [first, second].map((shop) => shop.sets().map(({ Weight }) => Weight));
  const shift = (by: Shop['router'], to: typeof GREEN, step: number, expected: string) =>
    by.shift({ weights: to, expected_revision: expected, fence: { ...CLAIM, step } }, limit());

  it('are written one after the other, and say the same', async () => {
    expect(await shift(router, GREEN, 1, '1.0')).toMatchObject({
      kind: 'written',
      state: { weights: GREEN, revision: '1.1' },
    });
    expect(weights()).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(await other.read(limit())).toMatchObject({ weights: GREEN, revision: '1.1', before: BLUE });
  });

  it('half done are nobody without traffic, and are completed by the next attempt', async () => {
    stage.proxy.intercept(isWriteTo(second), cutBefore);
    await expect(shift(router, GREEN, 1, '1.0')).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
    expect(await other.read(limit())).toMatchObject({ weights: { blue: 50, green: 50 }, revision: '1.1' });
    expect((await other.convergence(GREEN, limit())).converged).toBe(false);
    expect(await shift(other, GREEN, 1, '1.0')).toMatchObject({
      kind: 'already',
      state: { weights: GREEN, revision: '1.1' },
    });
    expect(weights()).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('half done go back with the next step', async () => {
    stage.proxy.intercept(isWriteTo(second), cutBefore);
    await expect(shift(router, GREEN, 1, '1.0')).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
    expect((await shift(other, BLUE, 2, '1.0')).kind).toBe('conflict');
    expect(await shift(other, BLUE, 3, '1.1')).toMatchObject({
      kind: 'written',
      state: { weights: BLUE, revision: '1.3' },
    });
    expect(weights()).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('half claimed are claimed by the next attempt', async () => {
    const next = { run: 'shop/checkout run-2', epoch: 2, step: 0 };
    stage.proxy.intercept(isWriteTo(second), cutBefore);
    await expect(router.claim('1.0', next, limit())).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
    expect((await other.claim('1.0', next, limit())).kind).toBe('already');
    expect((await shift(router, GREEN, 1, '1.0')).kind).toBe('superseded');
    expect(weights()).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('stop a late writer between them, whatever it has read', async () => {
    const held = stage.proxy.hold(isWriteTo(second), 'before');
    const late = shift(router, GREEN, 1, '1.0');
    await held.caught;
    expect((await shift(other, BLUE, 2, '1.1')).kind).toBe('written');
    held.release();
    expect((await late).kind).toBe('superseded');
    expect(weights()).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('leave what somebody else writes to the second in between, and say so', async () => {
    const held = stage.proxy.hold(isWriteTo(second), 'before');
    const shifting = shift(router, GREEN, 1, '1.0');
    await held.caught;
    await second.foreignWrite({ blue: 3, green: 1 });
    held.release();
    const outcome = await shifting;
    expect(outcome).toMatchObject({ kind: 'conflict', state: { fenced_revision: '1.1' } });
    expect(outcome.state.revision).not.toBe('1.1');
    expect(weights()).toEqual([
      [0, 1],
      [3, 1],
    ]);
    expect(await shift(router, BLUE, 2, outcome.state.revision)).toMatchObject({
      kind: 'written',
      state: { weights: BLUE },
    });
  });

  it('take a fence back that somebody has removed from the first only with a new claim', async () => {
    await shift(router, GREEN, 1, '1.0');
    const fence = first.sets(`_cutover.${TARGET}`, 'TXT');
    await first.remove(fence);
    expect((await shift(router, BLUE, 2, '1.1')).kind).toBe('conflict');
    const { revision } = await router.read(limit());
    const again = { run: 'shop/checkout run-3', epoch: 1, step: 0 };
    expect((await router.claim(revision, again, limit())).kind).toBe('written');
    expect(await other.read(limit())).toMatchObject({ fence: again, weights: GREEN, revision: '1.0' });
  });
});
