import { DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from '../../src/activities/watch-types.ts';
import { createAdapters } from '../../src/adapters/registry.ts';
import { checkAws } from '../../src/client/doctor/aws.ts';
import { reportOf } from '../../src/client/output.ts';
import { loadPlan } from '../../src/plan/load.ts';
import { PlanError } from '../../src/plan/problems.ts';
import { type AwsFault, refused, throttled, unwell } from '../support/aws/fault-proxy.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import { cutBefore } from '../support/intercepting-proxy.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openAwsStage);
const SECRET = 'TOPSECRET';
const KEYS = [
  'access_key',
  'access_key_id',
  'secret_access_key',
  'session_token',
  'credentials',
  'profile',
  'role_arn',
];
const SERVICES = { blue: 'checkout-blue', green: 'checkout-green' };
const GROUPS = { blue: 'arn:aws:a', green: 'arn:aws:b' };

/** What a plan says of each adapter, and where. */
const ADAPTERS: [string, 'platform' | 'router' | 'metrics', object][] = [
  ['ecs', 'platform', { cluster: 'shop', services: SERVICES }],
  ['asg', 'platform', { groups: SERVICES }],
  ['alb', 'router', { listener: 'arn:aws:elasticloadbalancing', target_groups: GROUPS }],
  ['nlb', 'router', { listener: 'arn:aws:elasticloadbalancing', target_groups: GROUPS }],
  ['route53', 'router', { zone: 'Z1', record: 'shop.example.com' }],
  ['cloudwatch', 'metrics', {}],
];

moto.suite('credentials of AWS', () => {
  let stage: AwsStage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  describe.each(ADAPTERS)('in a plan, at %s', (kind, role, settings) => {
    it.each(KEYS)('are refused as %s, and not repeated', (key) => {
      const plan = {
        ...{ service: 'checkout', version: '1.0.0', platform: 'local', router: 'local', metrics: 'scrape' },
        [role]: { [kind]: { ...settings, [key]: SECRET } },
      };
      const read = () => loadPlan([{ name: 'plan.yaml', text: JSON.stringify(plan) }]);
      expect(read).toThrow(PlanError);
      let problems: PlanError['problems'] = [];
      try {
        read();
      } catch (error) {
        if (error instanceof PlanError) problems = error.problems;
      }
      expect(problems).toContainEqual(expect.objectContaining({ code: 'CUTOVER_PLAN_UNKNOWN_KEY' }));
      expect(JSON.stringify(problems)).not.toContain(SECRET);
    });

    it('are refused by the worker, too, when somebody starts a plan past the reader', () => {
      const config = { kind, ...settings, secret_access_key: SECRET };
      const metrics = { kind, config: { ...settings, secret_access_key: SECRET }, queries: {}, resolution_ms: 60_000 };
      const target = { service: 'checkout', environment: 'production', platform: config, router: config, metrics };
      const adapters = createAdapters({ localUrl: '', log: () => undefined });
      const make = () => adapters[role](target as unknown as Target);
      expect(make).toThrow(expect.objectContaining({ code: 'CUTOVER_PLAN_VALUE' }));
      expect(make).not.toThrow(SECRET);
    });
  });

  it.each<[string, AwsFault]>([
    ['not allowed', refused(403, 'AccessDeniedException', 'User is not authorized')],
    ['told as refused', refused(403, 'SignatureDoesNotMatch', `x-amz-security-token:${SECRET}`)],
    ['throttled', throttled],
    ['answered with 500', unwell],
    ['cut off', cutBefore],
  ])('stand in no failure that a history keeps of a call that is %s', async (_, fault) => {
    stage.proxy.intercept(() => true, fault, 10);
    const target = { platform: { kind: 'ecs', region: REGION, cluster: 'shop', services: SERVICES } };
    const platform = createAdapters({ localUrl: '', log: () => undefined }).platform(target as unknown as Target);
    const before = stage.proxy.calls.length;
    const error: unknown = await platform.inspect('blue', AbortSignal.timeout(20_000)).catch((reason) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(stage.proxy.calls.length).toBeGreaterThan(before);
    const failure = new DefaultFailureConverter().errorToFailure(error, defaultPayloadConverter);
    expectNone(JSON.stringify(failure), JSON.stringify(reportOf(error)), JSON.stringify(error));
  });

  it('stand in nothing that `cutover doctor` says', async () => {
    stage.proxy.intercept(() => true, refused(403, 'InvalidClientTokenId', `The token ${SECRET} is invalid`), 20);
    const text = JSON.stringify({
      ...{ service: 'checkout', version: '1.0.0', router: 'local', metrics: 'scrape' },
      platform: { ecs: { region: REGION, cluster: 'shop', services: SERVICES } },
    });
    const checks = await checkAws(loadPlan([{ name: 'plan.yaml', text }]).plan);
    expect(checks).toMatchObject([{ name: 'identity (aws)', state: 'failed' }]);
    expectNone(JSON.stringify(checks));
  });

  function expectNone(...texts: string[]): void {
    const { credentials } = stage.direct;
    for (const text of texts) {
      for (const word of [credentials.accessKeyId, credentials.secretAccessKey, SECRET, 'AWS4-HMAC']) {
        expect(text).not.toContain(word);
      }
    }
  }
});
