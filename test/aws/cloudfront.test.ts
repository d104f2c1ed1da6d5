/** Hooks that have CloudFront forget, through every wrong answer. */
import { CloudFrontClient, CreateDistributionCommand, ListInvalidationsCommand } from '@aws-sdk/client-cloudfront';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCloudFront } from '../../src/adapters/cdn/cloudfront.ts';
import { hookInput, runHook } from '../integration/watch/call-support.ts';
import { type AwsCall, type AwsFault, isAction, refused, throttled, unwell } from '../support/aws/fault-proxy.ts';
import { actionsAsked, actionsOf, policyOf } from '../support/aws/policy.ts';
import { type AwsStage, openAwsStage } from '../support/aws/stage.ts';
import { cutAfter, cutBefore, type ProxiedAnswer } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);

moto.suite('a hook that has CloudFront forget', () => {
  let stage: AwsStage;
  let direct: CloudFrontClient;
  beforeAll(() => {
    stage = moto.value();
    direct = new CloudFrontClient(stage.direct);
  });
  afterEach(() => stage.proxy.calm());
  afterAll(async () => {
    direct?.destroy();
    await stage?.stop();
  });

  async function newDistribution(): Promise<string> {
    const origin = {
      Id: 'shop',
      DomainName: 'shop.s3.us-east-1.amazonaws.com',
      S3OriginConfig: { OriginAccessIdentity: '' },
    };
    const { Distribution } = await direct.send(
      new CreateDistributionCommand({
        DistributionConfig: {
          CallerReference: `test-${Math.random()}`,
          Comment: '',
          Enabled: true,
          Origins: { Quantity: 1, Items: [origin] },
          DefaultCacheBehavior: {
            TargetOriginId: 'shop',
            ViewerProtocolPolicy: 'allow-all',
            ForwardedValues: { QueryString: false, Cookies: { Forward: 'none' } },
            MinTTL: 0,
          },
        },
      }),
    );
    return Distribution?.Id ?? '';
  }

  async function made(distribution: string) {
    const { InvalidationList } = await direct.send(new ListInvalidationsCommand({ DistributionId: distribution }));
    return InvalidationList?.Items ?? [];
  }

  const run = (distribution: string, over: { paths?: string[]; timeout_ms?: number; signal?: AbortSignal } = {}) => {
    const { paths = ['/*'], timeout_ms = 30_000, signal } = over;
    const input = hookInput({ kind: 'cloudfront', distribution, paths }, { name: 'cdn', timeout_ms });
    return runHook(input, { cdn: createCloudFront(), ...(signal === undefined ? {} : { signal }) });
  };

  const isAsked = isAction('CreateInvalidation');
  const asked = () => stage.proxy.calls.filter(isAsked);

  /** As CloudFront has it, and moto has not: the same reference is the same invalidation. */
  function oncePerReference(fault: AwsFault = (pass) => pass()): AwsFault {
    return (pass, call) =>
      fault(async () => {
        const known = answers.get(call.path + call.body);
        if (known !== undefined) return known;
        const answer = await pass();
        answers.set(call.path + call.body, answer);
        return answer;
      }, call);
  }
  const answers = new Map<string, ProxiedAnswer>();
  const inProgress: AwsFault = async (pass) => {
    const answer = await pass();
    const { 'content-length': _, ...headers } = answer.headers;
    return { ...answer, headers, body: answer.body.replace('COMPLETED', 'InProgress') };
  };

  it('succeeds once the invalidation is everywhere, and tells what it waits for', async () => {
    const distribution = await newDistribution();
    stage.proxy.intercept(isAsked, inProgress);
    stage.proxy.intercept(isAction('GetInvalidation'), inProgress, 2);
    const { note, error, beats } = await run(distribution, { paths: ['/assets/*', '/index.html'] });
    expect(error).toBeNull();
    const [one] = await made(distribution);
    expect(note).toBe(`invalidation ${one?.Id} of ${distribution} is COMPLETED`);
    expect(beats).toContain(`hook cdn: invalidation ${one?.Id} of ${distribution} is InProgress`);
    const [call] = asked().slice(-1);
    expect(call).toMatchObject({ service: 'cloudfront', region: 'us-east-1' });
    expect(call?.body).toContain('<Path>/assets/*</Path><Path>/index.html</Path>');
  });

  it('asks for the same one at every attempt', async () => {
    const distribution = await newDistribution();
    stage.proxy.intercept(isAsked, oncePerReference(inProgress), 2);
    stage.proxy.intercept(isAction('GetInvalidation'), inProgress, 100);
    const first = await run(distribution, { timeout_ms: 2_500 });
    expect(first.error).toMatchObject({
      type: 'CUTOVER_HOOK_FAILED',
      nonRetryable: false,
      message: expect.stringMatching(/^hook cdn: after 2\.5s: invalidation \w+ of \w+ is InProgress$/),
    });
    stage.proxy.calm();
    stage.proxy.intercept(isAsked, oncePerReference());
    expect((await run(distribution)).error).toBeNull();
    expect(await made(distribution)).toHaveLength(1);
    expect(
      new Set(
        asked()
          .slice(-2)
          .map(({ body }) => body),
      ).size,
    ).toBe(1);
  });

  it.each<[string, AwsFault, number]>([
    ['was throttled', throttled, 2],
    ['met too many others', refused(400, 'TooManyInvalidationsInProgress', 'wait for them'), 2],
    ['was answered with 500', unwell, 2],
    ['was cut off before it was asked', cutBefore, 2],
    ['was cut off after it was asked', cutAfter, 2],
  ])('that %s tries again within its time, and there is one invalidation', async (_, fault, times) => {
    const distribution = await newDistribution();
    stage.proxy.intercept(isAsked, oncePerReference(fault), times);
    stage.proxy.intercept(isAsked, oncePerReference());
    const before = asked().length;
    const { error } = await run(distribution);
    expect(error).toBeNull();
    expect(asked().length - before).toBe(times + 1);
    expect(await made(distribution)).toHaveLength(1);
  });

  it.each<[string, AwsFault]>([
    ['throttled', throttled],
    ['answered with 500', unwell],
    ['cut off', cutBefore],
  ])('waits on while it is %s', async (_, fault) => {
    const distribution = await newDistribution();
    stage.proxy.intercept(isAsked, inProgress);
    stage.proxy.intercept(isAction('GetInvalidation'), fault, 2);
    expect((await run(distribution)).error).toBeNull();
    expect(await made(distribution)).toHaveLength(1);
  });

  it('that never came through says why', async () => {
    stage.proxy.intercept(isAsked, throttled, 100);
    const { error } = await run('E123', { timeout_ms: 3_500 });
    expect(error?.message).toMatch(/^hook cdn: after 3\.5s: /);
    expect(error?.message).toContain('cloudfront:CreateInvalidation');
  });

  describe('fails at once, with what would help,', () => {
    it('without the permission', async () => {
      stage.proxy.intercept(isAsked, refused(403, 'AccessDenied', 'User is not authorized'), 3);
      const { error } = await run('E123');
      expect(error?.message).toContain(
        '{"Effect":"Allow","Action":"cloudfront:CreateInvalidation","Resource":"arn:aws:cloudfront::*:distribution/E123"}',
      );
    });

    it('for a distribution that there is none of', async () => {
      const { error } = await run('ENONE');
      expect(error).toMatchObject({
        type: 'CUTOVER_HOOK_FAILED',
        message: expect.stringContaining('NoSuchDistribution'),
      });
    });
  });

  it('ends with its deployment', async () => {
    const distribution = await newDistribution();
    stage.proxy.intercept(isAsked, inProgress);
    stage.proxy.intercept(isAction('GetInvalidation'), inProgress, 100);
    const cancelled = new AbortController();
    const running = run(distribution, { signal: cancelled.signal });
    await expect
      .poll(() => stage.proxy.calls.some(isOf('GetInvalidation', distribution)), { timeout: 10_000 })
      .toBe(true);
    cancelled.abort();
    expect((await running).error?.message).toMatch(/cancel/i);
  });

  it('is refused by a worker that has no CDN', async () => {
    const { error } = await runHook(hookInput({ kind: 'cloudfront', distribution: 'E123', paths: ['/*'] }));
    expect(error?.message).toContain('invalidates nothing');
  });

  it('takes what the policy allows, and nothing else', () => {
    expect(actionsAsked(stage.proxy.calls)).toEqual(actionsOf(policyOf('cloudfront')));
  });
});

const isOf =
  (action: string, distribution: string) =>
  (call: AwsCall): boolean =>
    call.action === action && call.path.includes(distribution);
