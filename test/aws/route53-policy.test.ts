import { readFile } from 'node:fs/promises';
import { CreateHealthCheckCommand } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLAIM, GREEN, limit, openClaimed } from '../support/aws/route53-claimed.ts';
import { openRoute53Stage, pairOf, type Route53Stage } from '../support/aws/route53-shop.ts';
import { requirePart } from '../support/parts.ts';

const moto = await requirePart('moto', openRoute53Stage);
const POLICY = new URL('../../deploy/aws/policies/route53.json', import.meta.url);

interface Statement {
  Sid: string;
  Effect: string;
  Action: string | string[];
  Resource: string;
}

moto.suite('the policy for Route 53', () => {
  let stage: Route53Stage;
  beforeAll(() => {
    stage = moto.value();
  });
  afterAll(() => stage?.stop());

  it('allows what a deployment asks of the API, and nothing else', async () => {
    const HealthCheckConfig = { Type: 'HTTP' as const, IPAddress: '192.0.2.2', Port: 80 };
    const created = await stage.client.send(
      new CreateHealthCheckCommand({ CallerReference: 'one', HealthCheckConfig }),
    );
    const HealthCheckId = created.HealthCheck?.Id ?? '';
    const shop = await openClaimed(stage, pairOf({ HealthCheckId, TTL: 300 }), { nameServers: null });
    await shop.shift(GREEN);
    await shop.router.convergence(GREEN, limit());
    await shop.router.release?.(CLAIM, limit());
    await shop.close();
    const { Statement: statements } = JSON.parse(await readFile(POLICY, 'utf8')) as { Statement: Statement[] };
    const allowed = statements.flatMap(({ Action }) => Action);
    const sent = stage.proxy.calls.map(({ service, action }) => `${service}:${action}`);
    expect([...new Set(sent)].sort()).toEqual([...allowed].sort());
    expect(
      statements.every(({ Effect, Resource }) => Effect === 'Allow' && Resource.startsWith('arn:aws:route53:::')),
    ).toBe(true);
  });
});
