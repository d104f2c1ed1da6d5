import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineResource, HTTP_ROUTE } from '../support/kubernetes/crds.ts';
import { type KubernetesStage, openKubernetesStage, type StagedShop, until } from '../support/kubernetes/stage.ts';
import { requirePart } from '../support/parts.ts';
import { patiently } from '../support/patiently.ts';

const START_MS = 1_200_000;
const MERGE = 'application/merge-patch+json';
const kubernetes = await requirePart('kubernetes', openKubernetesStage);

interface Route {
  metadata: { generation: number; annotations: Record<string, string> };
  spec: { rules: { filters?: object[]; matches?: { headers?: object[] }[] }[] };
}

const BACKENDS = [
  { name: 'checkout-blue', port: 80, weight: 100 },
  { name: 'checkout-green', port: 80, weight: 0 },
];
const SPEC = { parentRefs: [{ name: 'public' }], rules: [{ backendRefs: BACKENDS }] };
const EXPOSING = {
  router: { gateway_api: { route: 'checkout' } },
  blue_green_switch: {
    validation_phases: {
      warmup: { duration: '1h', header: { 'X-Cutover': 'candidate' }, mirror_percentage: 10 },
      full_switch: { duration: '2s', rollback_triggers: [] },
    },
  },
  // The stage's requests follow its Service, and none reach the candidate here.
  observation: { duration: '1h', rollback_triggers: [] },
};

kubernetes.suite('a deployment that exposes its candidate behind a Gateway', () => {
  let stage: KubernetesStage;
  beforeAll(async () => {
    stage = kubernetes.value();
    await stage.worker();
    await defineResource(stage.plane, HTTP_ROUTE);
  }, START_MS);
  afterAll(() => stage?.stop(), START_MS);

  /** With a route in its namespace, whose every generation a Gateway accepts; and a deployment that is in its warmup. */
  async function warming() {
    const shop = await stage.shop();
    const routes = `/apis/gateway.networking.k8s.io/v1/namespaces/${shop.namespace}/httproutes`;
    const path = `${routes}/checkout`;
    const object = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'checkout' } };
    await stage.plane.api('POST', routes, { ...object, spec: SPEC });
    const read = () => stage.plane.api<Route>('GET', path);
    const gateway = setInterval(() => void accept().catch(() => undefined), 100);
    async function accept() {
      const { generation } = (await read()).metadata;
      const condition = (type: string) => ({ type, status: 'True', reason: type, observedGeneration: generation });
      const parents = [{ parentRef: { name: 'public' }, conditions: ['Accepted', 'ResolvedRefs'].map(condition) }];
      await stage.plane.api('PATCH', `${path}/status`, { status: { parents } }, MERGE);
    }
    const handle = await shop.start('2.0.0', EXPOSING);
    const isExposed = ({ phases }: Awaited<ReturnType<typeof handle.status>>) =>
      phases.some(({ name, exposed }) => name === 'warmup' && exposed !== undefined);
    const status = await until(handle, isExposed, 'the candidate to be exposed');
    return { shop, handle, status, path, read, close: () => close(shop, gateway) };
  }

  async function close(shop: StagedShop, gateway: NodeJS.Timeout): Promise<void> {
    clearInterval(gateway);
    await shop.remove();
  }

  it('tells of it, and takes it away with the one write of a rollback', async () => {
    const { handle, status, read, close } = await warming();
    expect(status.phases.find(({ name }) => name === 'warmup')).toMatchObject({
      share: 0,
      exposed: { header: { name: 'X-Cutover', value: 'candidate' }, mirror_percent: 10 },
    });
    const { spec, metadata } = await read();
    expect(spec.rules).toHaveLength(2);
    expect(spec.rules[0]?.matches?.[0]?.headers).toEqual([{ type: 'Exact', name: 'X-Cutover', value: 'candidate' }]);
    expect(spec.rules[1]?.filters).toHaveLength(1);
    await handle.rollback({ by: 'ana@example.com', reason: 'testers found a bug' });
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', weights: { blue: 100, green: 0 } });
    const after = await read();
    expect(after.spec).toEqual(SPEC);
    expect(after.metadata.generation).toBe(metadata.generation + 1);
    expect(after.metadata.annotations['cutover.dev/fence']).not.toContain('X-Cutover');
    await close();
  });

  it('goes on to all traffic without it', async () => {
    const { handle, read, close } = await warming();
    await handle.promote({ by: 'ana@example.com' });
    await until(handle, ({ phase }) => phase === 'observation', 'the observation');
    const [blue, green] = BACKENDS;
    expect((await read()).spec.rules).toEqual([
      {
        backendRefs: [
          { ...blue, weight: 0 },
          { ...green, weight: 100 },
        ],
      },
    ]);
    await handle.rollback({ by: 'ana@example.com' });
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back' });
    expect((await read()).spec).toEqual(SPEC);
    await close();
  });

  it('sees that somebody takes the header’s rule away, and goes back', async () => {
    const { handle, path, read, close } = await warming();
    const { rules } = (await read()).spec;
    await stage.plane.api('PATCH', `${path}?fieldManager=kubectl-edit`, { spec: { rules: rules.slice(1) } }, MERGE);
    const result = await handle.result();
    expect(result.reason).toBe(
      'somebody else changed the router to blue 100 %, green 0 %; beside that mirrored 10 % is left',
    );
    await patiently(async () => JSON.stringify((await read()).spec) === JSON.stringify(SPEC), 'the route as it was');
    await close();
  });
});
