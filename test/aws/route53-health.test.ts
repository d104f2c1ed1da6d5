import { CreateHealthCheckCommand, type HealthCheckConfig } from '@aws-sdk/client-route-53';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type AwsFault, isAction, throttled } from '../support/aws/fault-proxy.ts';
import { BLUE, GREEN, limit, openClaimed } from '../support/aws/route53-claimed.ts';
import { openRoute53Stage, pairOf, type Route53Stage } from '../support/aws/route53-shop.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openRoute53Stage);
const isStatus = isAction('GetHealthCheckStatus');

/** What so many of ten checkers report. */
const reports =
  (well: number, of = 10): AwsFault =>
  async (pass) => {
    const answer = await pass();
    const one = (status: string) =>
      `<HealthCheckObservation><Region>us-east-1</Region><IPAddress>192.0.2.9</IPAddress><StatusReport><Status>${status}</Status><CheckedTime>2026-01-01T00:00:00Z</CheckedTime></StatusReport></HealthCheckObservation>`;
    const all = Array.from({ length: of }, (_, index) =>
      one(index < well ? 'Success: HTTP Status Code 200, OK' : 'Failure: The endpoint refused the connection'),
    );
    const list = `<HealthCheckObservations>${all.join('')}</HealthCheckObservations>`;
    return { ...answer, body: answer.body.replace(/<HealthCheckObservations>.*<\/HealthCheckObservations>/s, list) };
  };

moto.suite('a record of Route 53 with a health check', () => {
  let stage: Route53Stage;
  let checks = 0;
  beforeAll(() => {
    stage = moto.value();
  });
  afterEach(() => stage.proxy.calm());
  afterAll(() => stage?.stop());

  async function openChecked(config: Partial<HealthCheckConfig> = {}) {
    checks += 1;
    const HealthCheckConfig = { Type: 'HTTP' as const, IPAddress: '192.0.2.2', Port: 80, ...config };
    const created = await stage.client.send(
      new CreateHealthCheckCommand({ CallerReference: `check-${checks}`, HealthCheckConfig }),
    );
    const id = created.HealthCheck?.Id ?? '';
    return { id, shop: await openClaimed(stage, pairOf({ HealthCheckId: id })) };
  }

  it('that fails is not weighted up, and nothing is written', async () => {
    const { id, shop } = await openChecked();
    stage.proxy.intercept(isStatus, reports(1));
    await expect(shop.shift(GREEN)).rejects.toMatchObject({
      code: 'CUTOVER_CAPACITY_SHORT',
      message: `A checkout.example.com is not weighted up for green: its health check ${id} fails: 1 of 10 checkers report success; Failure: The endpoint refused the connection`,
    });
    expect((await shop.router.read(limit())).weights).toEqual(BLUE);
    await shop.close();
  });

  it('that fails is weighted up when that is forced, and asked nothing', async () => {
    const { shop } = await openChecked();
    const from = stage.proxy.calls.length;
    expect((await shop.router.shift({ ...shop.shiftOf(GREEN), force: true }, limit())).kind).toBe('written');
    expect(stage.proxy.calls.slice(from).filter(isStatus)).toHaveLength(0);
    await shop.close();
  });

  it.each<[string, AwsFault, Partial<HealthCheckConfig>, 'written' | 'short']>([
    ['of which a fifth of the checkers say that it is well is well', reports(2), {}, 'written'],
    ['that nobody has checked yet says nothing', reports(0, 0), {}, 'written'],
    ['that is inverted is well when it fails', reports(0), { Inverted: true }, 'written'],
    ['that is inverted fails when it is well', reports(10), { Inverted: true }, 'short'],
    ['that is disabled is well', reports(0), { Disabled: true }, 'written'],
  ])('%s', async (_, reported, config, outcome) => {
    const { shop } = await openChecked(config);
    stage.proxy.intercept(isStatus, reported);
    const shifted = shop.shift(GREEN).then(
      ({ kind }) => kind,
      ({ code }) => (code === 'CUTOVER_CAPACITY_SHORT' ? 'short' : code),
    );
    expect(await shifted).toBe(outcome);
    await shop.close();
  });

  it('is asked for the colour that gets more, once, and not for the one that gets less', async () => {
    const { shop } = await openChecked();
    const from = stage.proxy.calls.length;
    await shop.shift({ blue: 50, green: 50 });
    expect(stage.proxy.calls.slice(from).filter(isStatus)).toHaveLength(1);
    await shop.close();
  });

  it('whose state cannot be read is not weighted up now, and is by the next attempt', async () => {
    const { shop } = await openChecked();
    stage.proxy.intercept(isStatus, throttled);
    await expect(shop.shift(GREEN)).rejects.toMatchObject({ code: 'CUTOVER_AWS_THROTTLED' });
    expect((await shop.shift(GREEN)).kind).toBe('written');
    await shop.close();
  });
});
