import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awsService } from '../../src/adapters/aws/service.ts';
import { type AwsFault, isAction, refused, throttled, unwell } from '../support/aws/fault-proxy.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import { cutAfter, cutBefore } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const ARN = `arn:aws:elasticloadbalancing:${REGION}:123456789012:listener/app/shop/1/2`;

moto.suite('a call to AWS', () => {
  let stage: AwsStage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  const signal = () => AbortSignal.timeout(20_000);
  const listeners = (lane: 'read' | 'write', limit = signal()) =>
    awsService('elasticloadbalancing', REGION)[lane]('DescribeListeners', ARN, limit, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeListenersCommand({ ListenerArns: [ARN] }), options),
    );
  const clusters = (lane: 'read' | 'write') =>
    awsService('ecs', REGION)[lane]('DescribeClusters', '*', signal(), ({ sdk, client }, options) =>
      client.send(new sdk.DescribeClustersCommand({}), options),
    );
  const asked = (action: string) => stage.proxy.calls.filter((call) => call.action === action).length;

  it('is answered', async () => {
    expect((await clusters('read')).clusters).toEqual([]);
  });

  it('for what is not there says so, with what was asked', async () => {
    await expect(listeners('read')).rejects.toMatchObject({
      code: 'CUTOVER_AWS_NOT_FOUND',
      details: { action: 'elasticloadbalancing:DescribeListeners', resource: ARN, status: 400 },
    });
  });

  it.each<[string, AwsFault]>([
    ['throttled', throttled],
    ['answered with 500', unwell],
    ['cut off before it', cutBefore],
    ['cut off after it', cutAfter],
  ])('to read, %s twice, is sent again, and answered', async (_, fault) => {
    stage.proxy.intercept(isAction('DescribeClusters'), fault, 2);
    const before = asked('DescribeClusters');
    expect((await clusters('read')).clusters).toEqual([]);
    expect(asked('DescribeClusters') - before).toBe(3);
  });

  it.each<[string, AwsFault, string]>([
    ['throttled', throttled, 'CUTOVER_AWS_THROTTLED'],
    ['answered with 500', unwell, 'CUTOVER_AWS_UNWELL'],
    ['cut off before it', cutBefore, 'CUTOVER_AWS_UNREACHABLE'],
    ['cut off after it', cutAfter, 'CUTOVER_AWS_UNREACHABLE'],
  ])('to write, %s, is sent once, and left to its caller', async (_, fault, code) => {
    stage.proxy.intercept(isAction('DescribeClusters'), fault, 1);
    const before = asked('DescribeClusters');
    await expect(clusters('write')).rejects.toMatchObject({ code });
    expect(asked('DescribeClusters') - before).toBe(1);
  });

  it('that hangs is given up after 2.5 s, or with its caller', async () => {
    const held = stage.proxy.hold(isAction('DescribeClusters'), 'before');
    await expect(clusters('write')).rejects.toMatchObject({ code: 'CUTOVER_AWS_UNREACHABLE' });
    held.release();
    const other = stage.proxy.hold(isAction('DescribeListeners'), 'before');
    await expect(listeners('read', AbortSignal.timeout(200))).rejects.toMatchObject({ name: 'TimeoutError' });
    other.release();
  });

  it('that is not allowed names the statement that would allow it', async () => {
    stage.proxy.intercept(isAction('DescribeListeners'), refused(403, 'AccessDenied', 'User is not authorized'));
    await expect(listeners('read')).rejects.toMatchObject({
      code: 'CUTOVER_AWS_FORBIDDEN',
      message: expect.stringContaining(`{"Effect":"Allow","Action":"elasticloadbalancing:DescribeListeners"`),
      details: { statement: { Effect: 'Allow', Action: 'elasticloadbalancing:DescribeListeners', Resource: ARN } },
    });
  });

  describe('with credentials that are refused', () => {
    it('says so without a word of what was signed, and is sent with new ones at the next attempt', async () => {
      const told = 'The canonical string should have been x-amz-security-token:TOPSECRET';
      stage.proxy.intercept(isAction('DescribeClusters'), refused(403, 'SignatureDoesNotMatch', told));
      const error: unknown = await clusters('write').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'CUTOVER_AWS_CREDENTIALS' });
      expect(JSON.stringify([error, String(error), (error as Error).cause])).not.toContain('TOPSECRET');
      expect((await clusters('write')).clusters).toEqual([]);
    });

    it('takes those that its source holds by then', async () => {
      const old = process.env.AWS_ACCESS_KEY_ID;
      stage.proxy.intercept(isAction('DescribeClusters'), refused(400, 'ExpiredTokenException', 'expired'));
      await expect(clusters('write')).rejects.toMatchObject({ code: 'CUTOVER_AWS_CREDENTIALS' });
      process.env.AWS_ACCESS_KEY_ID = 'AKIDRENEWED';
      try {
        await clusters('write');
        expect(stage.proxy.calls.at(-1)?.key).toBe('AKIDRENEWED');
      } finally {
        process.env.AWS_ACCESS_KEY_ID = old;
      }
    });
  });

  it('is not sent any more when its caller has gone', async () => {
    const before = asked('DescribeClusters');
    const gone = awsService('ecs', REGION).read('DescribeClusters', '*', AbortSignal.abort(), () => Promise.resolve(1));
    await expect(gone).rejects.toThrow();
    expect(asked('DescribeClusters')).toBe(before);
  });
});
