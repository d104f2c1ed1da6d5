import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { main } from '../../src/client/cli.ts';
import { listDeployments } from '../../src/client/list.ts';
import { openSession, type Session } from '../../src/client/session.ts';
import { type EcsShop, IMAGE, openEcsShop } from '../support/aws/ecs-shop.ts';
import { type AwsStage, openAwsStage, REGION } from '../support/aws/stage.ts';
import { requirePart } from '../support/parts.ts';
import { type DevServer, startDevServer } from '../support/temporal.ts';

const moto = await requirePart('moto', openAwsStage);
const VERSIONS = ['1.1.0', '1.2.0', '1.3.0'];

moto.suite('the command `cutover clean`', () => {
  let stage: AwsStage;
  let server: DevServer;
  let session: Session;
  let shop: EcsShop;
  const folder = mkdtempSync(join(tmpdir(), 'cutover-clean-'));
  const file = join(folder, 'plan.yaml');

  beforeAll(async () => {
    stage = moto.value();
    server = await startDevServer();
    session = await openSession({ address: server.address });
    shop = await openEcsShop(stage);
    for (const version of VERSIONS) {
      await shop.ecs.send(
        new RegisterTaskDefinitionCommand({
          ...{ family: shop.familyOf('blue'), cpu: '256', memory: '512', networkMode: 'awsvpc' },
          requiresCompatibilities: ['FARGATE'],
          containerDefinitions: [{ name: 'app', image: `${IMAGE}:${version}` }],
        }),
      );
    }
    const platform = { ecs: { region: REGION, cluster: shop.cluster, services: shop.names } };
    const plan = { service: 'checkout', version: '9.0.0', platform, router: 'local', metrics: 'scrape' };
    writeFileSync(file, JSON.stringify(plan));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = 0;
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    shop?.close();
    await session?.connection.close();
    await server?.stop();
    await stage?.stop();
  });

  /** What it says on both, and how it ends. */
  async function clean(args: string[], address = server.address) {
    const said: string[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    }
    process.env.TEMPORAL_ADDRESS = address;
    try {
      await main(['clean', file, '--keep', '1', ...args]);
    } finally {
      delete process.env.TEMPORAL_ADDRESS;
      vi.restoreAllMocks();
    }
    return { code: process.exitCode, text: said.join('') };
  }

  const revisions = () => shop.revisions('blue');

  it('lists, and removes nothing unasked', async () => {
    for (const args of [[], ['--dry-run']]) {
      const { code, text } = await clean(args);
      expect(code).toBe(0);
      expect(text).toMatch(/task definition +1\.2\.0 .*\ntask definition +1\.1\.0 /);
      expect(text).toContain('Nothing was removed. To remove it: --yes');
    }
    expect(await revisions()).toBe(4);
  });

  it('removes nothing when Temporal, which knows the leases, does not answer', async () => {
    expect(await clean(['--yes'], '127.0.0.1:1')).toMatchObject({ code: 6 });
    expect(await clean(['--yes', '--dry-run'])).toMatchObject({ code: 2 });
    expect(await revisions()).toBe(4);
  });

  it('keeps what an open deployment names, and removes the rest with --yes', async () => {
    const attributes = { DeployService: 'checkout', DeployEnvironment: 'staging', DeployPhase: 'lease' };
    await session.workflows.start('deployment', {
      ...{ workflowId: 'cutover/staging/checkout', taskQueue: 'nobody', memo: { version: '1.1.0' } },
      typedSearchAttributes: new TypedSearchAttributes(
        Object.entries(attributes).map(([name, value]) => ({
          key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
          value,
        })),
      ),
    });
    await vi.waitUntil(async () => (await listDeployments(session, { running: true })).length === 1, 10_000);
    const { code, text } = await clean(['--yes', '--json']);
    expect(code).toBe(0);
    const told = JSON.parse(text) as { leftovers: { version: string }[]; removed: { problem: null }[] };
    expect(told.leftovers.map(({ version }) => version)).toEqual(['1.2.0']);
    expect(told.removed).toEqual([{ id: expect.stringMatching(/:3$/), problem: null }]);
    expect(await revisions()).toBe(3);
    expect((await clean([])).text).toContain('Nothing is left to remove.');
  });
});
