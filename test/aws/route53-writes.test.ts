import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AwsFault, isAction, refused, stale, throttled, unwell } from '../support/aws/fault-proxy.ts';
import { BLUE, CLAIM, GREEN, limit, openClaimed } from '../support/aws/route53-claimed.ts';
import { BLUE_IP, openRoute53Stage, openShop, pairOf, type Route53Stage, TARGET } from '../support/aws/route53-shop.ts';
import { cutAfter, cutBefore } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openRoute53Stage);
const isWrite = isAction('ChangeResourceRecordSets');
const isList = isAction('ListResourceRecordSets');

moto.suite('a write to Route 53', () => {
  let stage: Route53Stage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  const sent = (from: number, fits = isWrite) => stage.proxy.calls.slice(from).filter(fits);

  it('changes weights and nothing else of the records, and no other records', async () => {
    const check = '11111111-2222-3333-4444-555555555555';
    const other: ResourceRecordSet = {
      Name: `api.${TARGET}`,
      Type: 'A',
      TTL: 300,
      ResourceRecords: [{ Value: BLUE_IP }],
    };
    const shop = await openClaimed(stage, [...pairOf({ HealthCheckId: check }), other], { ttlMs: 60_000 });
    const before = shop.sets();
    expect((await shop.router.shift({ ...shop.shiftOf(GREEN), force: true }, limit())).kind).toBe('written');
    expect(shop.sets()).toEqual(before.map((set) => ({ ...set, Weight: set.SetIdentifier === 'green' ? 1 : 0 })));
    expect(shop.sets(`api.${TARGET}`)).toMatchObject([{ TTL: 300, ResourceRecords: [{ Value: BLUE_IP }] }]);
    expect(sent(stage.proxy.calls.length - 1)[0]?.body).not.toContain('UPSERT');
    await shop.close();
  });

  it.each([
    [1, { blue: 99, green: 1 }],
    [0.5, { blue: 199, green: 1 }],
    [12.5, { blue: 7, green: 1 }],
    [33.33, { blue: 2, green: 1 }],
    [64.1, { blue: 14, green: 25 }],
  ])('gives %s %% as whole numbers', async (share, numbers) => {
    const shop = await openClaimed(stage);
    const weights = { blue: Number((100 - share).toFixed(2)), green: share };
    const written = await shop.shift(weights);
    expect(written.state.weights).toEqual(weights);
    expect((await shop.router.read(limit())).weights).toEqual(weights);
    const [blue, green] = shop.sets();
    expect({ blue: blue?.Weight, green: green?.Weight }).toEqual(numbers);
    await shop.close();
  });

  it('refuses a share that no weights give, and writes nothing', async () => {
    const shop = await openClaimed(stage);
    const from = stage.proxy.calls.length;
    await expect(shop.shift({ blue: 99.9, green: 0.1 })).rejects.toMatchObject({
      code: 'CUTOVER_PLAN_ROUTER',
      message: expect.stringContaining('no weights from 0 to 255 give blue 99.9 %, green 0.1 % of A checkout'),
    });
    expect(sent(from)).toHaveLength(0);
    await shop.close();
  });

  it('to several types and names is one batch', async () => {
    const ipv6 = (value: string) => ({ Type: 'AAAA' as const, ResourceRecords: [{ Value: value }] });
    const six = pairOf(ipv6('2001:db8::1')).map((set, index) => ({
      ...set,
      ResourceRecords: [{ Value: `2001:db8::${index + 1}` }],
    }));
    const canonical = (Value: string, index: number): ResourceRecordSet => ({
      ...(pairOf()[index] as ResourceRecordSet),
      Name: 'www.example.com',
      Type: 'CNAME',
      ResourceRecords: [{ Value }],
    });
    const sets = [...pairOf(), ...six, canonical('blue.example.net', 0), canonical('green.example.net', 1)];
    const shop = await openShop(stage, sets);
    const { zone } = shop;
    const records = [TARGET, 'www.example.com'].map((record) => ({ zone, record, type: null }));
    const router = shop.another({ records });
    const { revision } = await router.read(limit());
    const { state } = await router.claim(revision, CLAIM, limit());
    const from = stage.proxy.calls.length;
    const shift = { weights: GREEN, expected_revision: state.revision, fence: { ...CLAIM, step: 1 } };
    expect((await router.shift(shift, limit())).kind).toBe('written');
    expect(sent(from)).toHaveLength(1);
    expect(sent(from, isList)).toHaveLength(1);
    for (const [name, type] of [
      [TARGET, 'A'],
      [TARGET, 'AAAA'],
      ['www.example.com', 'CNAME'],
    ] as const) {
      expect(shop.sets(name, type).map(({ Weight }) => Weight)).toEqual([0, 1]);
    }
    await shop.close();
  });

  it('to an alias keeps its target', async () => {
    const alias = (index: number): ResourceRecordSet => {
      const { TTL: _, ResourceRecords: __, ...rest } = pairOf()[index] as ResourceRecordSet;
      const DNSName = `lb-${index}.eu-west-1.elb.amazonaws.com.`;
      return { ...rest, AliasTarget: { HostedZoneId: 'Z32O12XQLNTSW2', DNSName, EvaluateTargetHealth: true } };
    };
    const shop = await openClaimed(stage, [alias(0), alias(1)]);
    const before = shop.sets();
    expect((await shop.shift(GREEN)).kind).toBe('written');
    expect(shop.sets().map(({ AliasTarget }) => AliasTarget)).toEqual(before.map(({ AliasTarget }) => AliasTarget));
    expect(shop.sets().map(({ Weight }) => Weight)).toEqual([0, 1]);
    await shop.close();
  });

  it('to several records of a colour gives each of them the same', async () => {
    const [blue, green] = pairOf() as [ResourceRecordSet, ResourceRecordSet];
    const named = (set: ResourceRecordSet, SetIdentifier: string, Value: string) => ({
      ...set,
      SetIdentifier,
      ResourceRecords: [{ Value }],
    });
    const sets = [
      named(blue, 'blue-eu', '192.0.2.1'),
      named(blue, 'blue-us', '192.0.2.2'),
      named(green, 'green-eu', '192.0.2.3'),
    ];
    const identifiers = { blue: ['blue-eu', 'blue-us'], green: ['green-eu', 'green-us'] };
    const shop = await openClaimed(stage, sets, { identifiers });
    expect((await shop.shift({ blue: 80, green: 20 })).state.weights).toEqual({ blue: 80, green: 20 });
    expect(shop.sets().map(({ SetIdentifier, Weight }) => [SetIdentifier, Weight])).toEqual([
      ['blue-eu', 2],
      ['blue-us', 2],
      ['green-eu', 1],
    ]);
    await shop.close();
  });

  it('finds its records on whichever page they are', async () => {
    const others = Array.from({ length: 230 }, (_, index): ResourceRecordSet => {
      const Name = `a${String(index).padStart(3, '0')}.${TARGET}`;
      return { Name, Type: 'A', TTL: 60, ResourceRecords: [{ Value: BLUE_IP }] };
    });
    const many = Array.from({ length: 60 }, (_, index) =>
      pairOf().map((set) => ({ ...set, SetIdentifier: `${set.SetIdentifier}-${index}` })),
    ).flat();
    const identifiers = {
      blue: many.map(({ SetIdentifier = '' }) => SetIdentifier).filter((one) => one.startsWith('blue')),
      green: many.map(({ SetIdentifier = '' }) => SetIdentifier).filter((one) => one.startsWith('green')),
    };
    const shop = await openClaimed(stage, [...many, ...others], { identifiers });
    expect(shop.sets()).toHaveLength(120);
    expect((await shop.shift(GREEN)).kind).toBe('written');
    expect(shop.sets().filter(({ Weight }) => Weight === 1)).toHaveLength(60);
    expect((await shop.router.read(limit())).revision).toBe('1.1');
    await shop.close();
  });

  describe('is refused by the API when somebody else', () => {
    it('writes in between: it is read again, and is drift', async () => {
      const shop = await openClaimed(stage);
      const held = stage.proxy.hold(isWrite, 'before');
      const shifting = shop.shift(GREEN);
      await held.caught;
      await shop.foreignWrite({ blue: 1, green: 9 });
      held.release();
      const outcome = await shifting;
      expect(outcome).toMatchObject({ kind: 'conflict', state: { weights: { blue: 10, green: 90 } } });
      expect(outcome.state.revision).not.toBe(outcome.state.fenced_revision);
      await shop.close();
    });

    it('has written a higher fence meanwhile, to the same weights as were read', async () => {
      const shop = await openClaimed(stage);
      const held = stage.proxy.hold(isWrite, 'before');
      const woken = shop.shift(GREEN, 1);
      await held.caught;
      expect((await shop.another().shift(shop.shiftOf(BLUE, 2, '1.0'), limit())).kind).toBe('written');
      held.release();
      expect((await woken).kind).toBe('superseded');
      expect(shop.sets().map(({ Weight }) => Weight)).toEqual([1, 0]);
      await shop.close();
    });

    it('changes what a claim leaves as it is', async () => {
      const shop = await openShop(stage);
      const { revision } = await shop.router.read(limit());
      const held = stage.proxy.hold(isWrite, 'before');
      const claiming = shop.router.claim(revision, CLAIM, limit());
      await held.caught;
      await shop.foreignWrite({ blue: 0, green: 1 });
      held.release();
      expect(await claiming).toMatchObject({ kind: 'conflict', state: { fence: null, weights: GREEN } });
      await shop.close();
    });

    it('in the other form that the API has for it', async () => {
      const shop = await openClaimed(stage);
      const told = 'Tried to create resource record set [name=&#39;a.&#39;, type=&#39;TXT&#39;] but it already exists';
      const body = `<?xml version="1.0"?><InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>${told}</Message></Messages></InvalidChangeBatch>`;
      stage.proxy.intercept(isWrite, async () => ({ status: 400, headers: { 'content-type': 'text/xml' }, body }));
      expect((await shop.shift(GREEN)).kind).toBe('written');
      await shop.close();
    });

    it('without end: it is given up', async () => {
      const shop = await openClaimed(stage);
      const message = "[Tried to delete resource record set [name='a.', type='A'] but it was not found]";
      stage.proxy.intercept(isWrite, refused(400, 'InvalidChangeBatch', message), 9);
      const from = stage.proxy.calls.length;
      await expect(shop.shift(GREEN)).rejects.toMatchObject({ code: 'CUTOVER_AWS_CONFLICT', fault: 'system' });
      expect(sent(from)).toHaveLength(4);
      await shop.close();
    });

    it('but not when the batch is wrong by itself', async () => {
      const shop = await openClaimed(stage);
      stage.proxy.intercept(isWrite, refused(400, 'InvalidChangeBatch', '[Duplicate Resource Record: x]'), 9);
      const from = stage.proxy.calls.length;
      await expect(shop.shift(GREEN)).rejects.toMatchObject({ code: 'CUTOVER_AWS_REFUSED', fault: 'user' });
      expect(sent(from)).toHaveLength(1);
      await shop.close();
    });
  });

  describe('that fails', () => {
    const busy = refused(400, 'PriorRequestNotComplete', 'The request was rejected: a prior request is not complete');
    const hangs: AwsFault = async (pass) => {
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      return pass();
    };
    const table: [string, AwsFault, string, 'written' | 'already'][] = [
      ['throttled', throttled, 'CUTOVER_AWS_THROTTLED', 'written'],
      ['throttled by an earlier change of the zone', busy, 'CUTOVER_AWS_THROTTLED', 'written'],
      ['answered with 500', unwell, 'CUTOVER_AWS_UNWELL', 'written'],
      ['cut off before it', cutBefore, 'CUTOVER_AWS_UNREACHABLE', 'written'],
      ['cut off after it', cutAfter, 'CUTOVER_AWS_UNREACHABLE', 'already'],
      ['late, and done when nobody waits any more', hangs, 'CUTOVER_AWS_UNREACHABLE', 'already'],
    ];
    it.each(table)('%s: the next attempt finds out what was done', async (_, fault, code, next) => {
      const shop = await openClaimed(stage);
      stage.proxy.intercept(isWrite, fault);
      await expect(shop.shift(GREEN)).rejects.toMatchObject({ code });
      if (code === 'CUTOVER_AWS_UNREACHABLE') await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(await shop.shift(GREEN)).toMatchObject({
        kind: next,
        state: { weights: GREEN, revision: '1.1', before: BLUE },
      });
      expect(shop.sets().map(({ Weight }) => Weight)).toEqual([0, 1]);
      await shop.close();
    });

    it.each([
      ['throttled', throttled, 'CUTOVER_AWS_THROTTLED'],
      ['answered with 500', unwell, 'CUTOVER_AWS_UNWELL'],
      ['cut off', cutBefore, 'CUTOVER_AWS_UNREACHABLE'],
    ])('in the read that it rests on, %s: nothing is written', async (_, fault, code) => {
      const shop = await openClaimed(stage);
      const from = stage.proxy.calls.length;
      stage.proxy.intercept(isList, fault);
      await expect(shop.shift(GREEN)).rejects.toMatchObject({ code });
      expect(sent(from)).toHaveLength(0);
      expect((await shop.shift(GREEN)).kind).toBe('written');
      await shop.close();
    });

    it.each(table)('%s, as a claim: the next attempt finds out what was done', async (_, fault, code, next) => {
      const shop = await openShop(stage, pairOf({ TTL: 300 }));
      const { revision } = await shop.router.read(limit());
      stage.proxy.intercept(isWrite, fault);
      await expect(shop.router.claim(revision, CLAIM, limit())).rejects.toMatchObject({ code });
      if (code === 'CUTOVER_AWS_UNREACHABLE') await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(await shop.router.claim(revision, CLAIM, limit())).toMatchObject({
        kind: next,
        state: { weights: BLUE, revision: '1.0', fence: CLAIM, before: BLUE },
      });
      expect(shop.sets().map(({ TTL }) => TTL)).toEqual([60, 60]);
      await shop.close();
    });

    it('is sent five times when it is throttled five times, and made once', async () => {
      const shop = await openClaimed(stage);
      stage.proxy.intercept(isWrite, throttled, 5);
      for (let attempt = 0; attempt < 5; attempt += 1) {
        await expect(shop.shift(GREEN)).rejects.toMatchObject({ code: 'CUTOVER_AWS_THROTTLED' });
      }
      const from = stage.proxy.calls.length;
      expect((await shop.shift(GREEN)).kind).toBe('written');
      expect(stage.proxy.calls.length - from).toBe(2);
      await shop.close();
    });

    it('does not rest on a read that is older than what its run has seen', async () => {
      const shop = await openClaimed(stage);
      await shop.shift({ blue: 50, green: 50 });
      stage.proxy.intercept(isList, stale(stage.proxy.remembered));
      const from = stage.proxy.calls.length;
      expect(await shop.shift(GREEN, 2)).toMatchObject({ kind: 'written', state: { weights: GREEN, revision: '1.2' } });
      expect(sent(from, isList)).toHaveLength(2);
      expect(sent(from)).toHaveLength(1);
      await shop.close();
    });

    it('ends with its caller', async () => {
      const shop = await openClaimed(stage);
      const held = stage.proxy.hold(isWrite, 'before');
      const startedMs = performance.now();
      await expect(shop.router.shift(shop.shiftOf(GREEN), limit(300))).rejects.toMatchObject({ name: 'TimeoutError' });
      expect(performance.now() - startedMs).toBeLessThan(2_000);
      held.release();
      await shop.close();
    });

    it('for lack of permission names the statement that would allow it', async () => {
      const shop = await openClaimed(stage);
      stage.proxy.intercept(isWrite, refused(403, 'AccessDenied', 'User is not authorized'));
      const Resource = `arn:aws:route53:::hostedzone/${shop.zone}`;
      await expect(shop.shift(GREEN)).rejects.toMatchObject({
        code: 'CUTOVER_AWS_FORBIDDEN',
        details: { statement: { Effect: 'Allow', Action: 'route53:ChangeResourceRecordSets', Resource } },
      });
      await shop.close();
    });
  });

  it.each<[string, AwsFault, string]>([
    ['throttled', throttled, 'CUTOVER_AWS_THROTTLED'],
    ['answered with 500', unwell, 'CUTOVER_AWS_UNWELL'],
    ['cut off', cutBefore, 'CUTOVER_AWS_UNREACHABLE'],
  ])('is read back after a read that is %s twice; without end that is thrown', async (_, fault, code) => {
    const shop = await openClaimed(stage);
    stage.proxy.intercept(isList, fault, 2);
    expect((await shop.router.read(limit())).revision).toBe('1.0');
    stage.proxy.intercept(isList, fault, 3);
    await expect(shop.router.read(limit())).rejects.toMatchObject({ code });
    await shop.close();
  });

  it('is two calls, and so is a claim', async () => {
    const shop = await openShop(stage);
    const { revision } = await shop.router.read(limit());
    const from = stage.proxy.calls.length;
    await shop.router.claim(revision, CLAIM, limit());
    expect(stage.proxy.calls.slice(from).map(({ action }) => action)).toEqual([
      'ListResourceRecordSets',
      'ChangeResourceRecordSets',
    ]);
    await shop.close();
  });

  describe('is refused before anything is asked of the API when the records', () => {
    const [blue, green] = pairOf() as [ResourceRecordSet, ResourceRecordSet];
    const simple: ResourceRecordSet = { Name: TARGET, Type: 'A', TTL: 60, ResourceRecords: [{ Value: BLUE_IP }] };
    it.each<[string, ResourceRecordSet[], string]>([
      ['are not there', [], 'has no record of type A, AAAA or CNAME'],
      ['lack a colour', [blue], "no weighted record with the set identifier green, which is green's"],
      ['are of somebody else too', [blue, green, { ...blue, SetIdentifier: 'canary' }], 'set identifier canary'],
      ['have no weight', [simple], 'a simple record, which has no weight'],
      [
        'of another type have none',
        [blue, green, { ...simple, Type: 'AAAA', ResourceRecords: [{ Value: '::1' }] }],
        'AAAA',
      ],
    ])('%s', async (_, sets, told) => {
      const shop = await openShop(stage, sets);
      await expect(shop.router.read(limit())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining(told),
      });
      await shop.close();
    });

    it('have a text beside them that Cutover did not write', async () => {
      const fence: ResourceRecordSet = {
        Name: `_cutover.${TARGET}`,
        Type: 'TXT',
        TTL: 60,
        ResourceRecords: [{ Value: '"v=spf1"' }],
      };
      const shop = await openShop(stage, [...pairOf(), fence]);
      await expect(shop.router.read(limit())).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: `the TXT record _cutover.${TARGET}. is not what Cutover wrote: v=spf1`,
      });
      await shop.close();
    });

    it('all weigh nothing: they share alike', async () => {
      const shop = await openShop(stage, [{ ...blue, Weight: 0 }, green]);
      expect((await shop.router.read(limit())).weights).toEqual({ blue: 50, green: 50 });
      await shop.close();
    });
  });
});
