import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGatewayApiRouter } from '../../../src/adapters/routers/kubernetes/gateway-api.ts';
import { createIstioRouter, type IstioOptions } from '../../../src/adapters/routers/kubernetes/istio.ts';
import { createServiceSelectorRouter } from '../../../src/adapters/routers/kubernetes/service-selector.ts';
import type { Exposed, TrafficRouter } from '../../../src/adapters/types.ts';
import type { Weights } from '../../../src/plan/types.ts';
import { type ExposureFixture, exposureContract } from '../../support/contracts/exposure.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { defineResource, GRPC_ROUTE, HTTP_ROUTE, VIRTUAL_SERVICE } from '../../support/kubernetes/crds.ts';
import { requirePart } from '../../support/parts.ts';
import { patiently } from '../../support/patiently.ts';

const START_MS = 1_200_000;
const NAMESPACE = 'default';
const SERVICES = { blue: 'checkout-blue', green: 'checkout-green' };
const BLUE: Weights = { blue: 100, green: 0 };
const MERGE = 'application/merge-patch+json';
const GATEWAY = '/apis/gateway.networking.k8s.io/v1';
const ISTIO = '/apis/networking.istio.io/v1';
const kubernetes = await requirePart('kubernetes', openControlPlane);

type Rules = Record<string, unknown>[];
interface Stored {
  metadata: { generation: number };
  spec: { rules?: Rules; http?: Rules };
}

kubernetes.suite('what routes expose', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let count = 0;
  beforeAll(async () => {
    process.env.KUBECONFIG = plane.kubeconfig;
    for (const definition of [HTTP_ROUTE, GRPC_ROUTE, VIRTUAL_SERVICE]) await defineResource(plane, definition);
  }, START_MS);
  afterAll(() => plane.stop(), START_MS);
  const signal = () => AbortSignal.timeout(20_000);

  async function create(folder: string, apiVersion: string, kind: string, spec: object) {
    count += 1;
    const name = `checkout-${count}`;
    const path = `${folder}/${name}`;
    await plane.api('POST', `${folder}?fieldManager=kubectl-create`, { apiVersion, kind, metadata: { name }, spec });
    const write = (changed: object) =>
      plane.api('PATCH', `${path}?fieldManager=kubectl-edit`, { spec: changed }, MERGE).then(() => undefined);
    const read = () => plane.api<Stored>('GET', path);
    return { name, path, write, read, close: () => plane.api('DELETE', path).then(() => undefined) };
  }

  type Kind = 'HTTPRoute' | 'GRPCRoute';
  const gatewayRouter = (kind: Kind, route: string) =>
    createGatewayApiRouter({ context: null, namespace: NAMESPACE, kind, route, services: SERVICES });
  const createRoute = (kind: Kind, spec: object) =>
    create(`${GATEWAY}/namespaces/${NAMESPACE}/${kind.toLowerCase()}s`, 'gateway.networking.k8s.io/v1', kind, spec);

  for (const kind of ['HTTPRoute', 'GRPCRoute'] as const) {
    const { spec, some } = gatewaySpecs(kind);
    exposureContract(`gateway_api (${kind})`, { mirrors: true }, async (): Promise<ExposureFixture> => {
      const made = await createRoute(kind, spec(BLUE, null));
      const following = keepDoing(async () => {
        const { generation } = (await made.read()).metadata;
        const condition = (type: string) => ({ type, status: 'True', reason: type, observedGeneration: generation });
        const parents = [{ parentRef: { name: 'public' }, conditions: ['Accepted', 'ResolvedRefs'].map(condition) }];
        await plane.api('PATCH', `${made.path}/status`, { status: { parents } }, MERGE);
      });
      return {
        router: gatewayRouter(kind, made.name),
        another: gatewayRouter(kind, made.name),
        expectTraffic: async (weights, exposed) => expect((await made.read()).spec).toEqual(spec(weights, exposed)),
        async takeAway(what) {
          const { rules = [] } = (await made.read()).spec;
          await made.write(what === 'all' ? spec(BLUE, null) : { rules: some(rules) });
        },
        changes: async () => (await made.read()).metadata.generation,
        async close() {
          await following.stop();
          await made.close();
        },
      };
    });
  }

  const byHost: IstioOptions['destinations'] = { by: 'host', names: SERVICES };
  const bySubset: IstioOptions['destinations'] = { by: 'subset', names: { blue: 'v1', green: 'v2' } };
  const istioRouter = (virtualService: string, destinations = byHost, route: string | null = null) =>
    createIstioRouter({ context: null, namespace: NAMESPACE, virtualService, route, destinations });
  const createVirtualService = (spec: object) =>
    create(`${ISTIO}/namespaces/${NAMESPACE}/virtualservices`, 'networking.istio.io/v1', 'VirtualService', spec);

  for (const [by, destinations, route] of [
    ['host', byHost, null],
    ['subset', bySubset, null],
    ['host, one named route', byHost, 'primary'],
  ] as const) {
    const spec = istioSpec(destinations.by, route);
    exposureContract(`istio (by ${by})`, { mirrors: true }, async (): Promise<ExposureFixture> => {
      const made = await createVirtualService(spec(BLUE, null));
      return {
        router: istioRouter(made.name, destinations, route),
        another: istioRouter(made.name, destinations, route),
        expectTraffic: async (weights, exposed) => expect((await made.read()).spec).toEqual(spec(weights, exposed)),
        async takeAway(what) {
          const { http = [] } = (await made.read()).spec;
          const left = http.map((one) =>
            one.mirror === undefined ? one : { ...one, mirrorPercentage: { value: 50 } },
          );
          await made.write(what === 'all' ? spec(BLUE, null) : { http: left });
        },
        changes: async () => (await made.read()).metadata.generation,
        close: made.close,
      };
    });
  }

  async function expose(router: TrafficRouter, exposed: Exposed) {
    const { revision } = await router.read(signal());
    const { state } = await router.claim(revision, { run: 'a', epoch: 1, step: 0 }, signal());
    const fence = { run: 'a', epoch: 1, step: 1 };
    return router.shift({ weights: BLUE, expose: exposed, expected_revision: state.revision, fence }, signal());
  }
  const header = { name: 'X-Cutover', value: 'candidate' };

  describe('a route', () => {
    it('is mirrored by parts of a percent', async () => {
      const { spec } = gatewaySpecs('HTTPRoute');
      const made = await createRoute('HTTPRoute', spec(BLUE, null));
      const exposed: Exposed = { colour: 'green', header: null, mirror_percent: 0.5 };
      expect(await expose(gatewayRouter('HTTPRoute', made.name), exposed)).toMatchObject({ state: { exposed } });
      const { rules = [] } = (await made.read()).spec;
      const fraction = { numerator: 50, denominator: 10_000 };
      expect(rules[0]?.filters).toEqual([mirrorFilter({ fraction })]);
      await made.close();
    });

    it.each<[string, object, Partial<Exposed>, string]>([
      [
        'that is mirrored to the candidate by somebody else',
        { filters: [mirrorFilter({ percent: 1 })] },
        { mirror_percent: 10 },
        'mirrors its requests already',
      ],
      [
        'whose rules no request with the header comes to',
        { matches: [{ headers: [{ type: 'Exact', name: 'x-cutover', value: 'other' }] }] },
        { header },
        'X-Cutover: candidate',
      ],
    ])('%s is left alone', async (_title, rule, exposed, message) => {
      const spec = { rules: [{ backendRefs: backends(BLUE), ...rule }] };
      const made = await createRoute('HTTPRoute', spec);
      const before = (await made.read()).spec;
      const wanted: Exposed = { colour: 'green', header: null, mirror_percent: null, ...exposed };
      await expect(expose(gatewayRouter('HTTPRoute', made.name), wanted)).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: expect.stringContaining(message),
      });
      expect((await made.read()).spec).toEqual(before);
      await made.close();
    });

    it('is not taken for what it was once somebody adds a rule for the candidate alone', async () => {
      const { spec } = gatewaySpecs('HTTPRoute');
      const made = await createRoute('HTTPRoute', spec(BLUE, null));
      const router = gatewayRouter('HTTPRoute', made.name);
      await expose(router, { colour: 'green', header, mirror_percent: null });
      const { rules = [] } = (await made.read()).spec;
      const own = {
        matches: [{ path: { type: 'PathPrefix', value: '/preview' } }],
        backendRefs: [{ name: SERVICES.green, port: 80, weight: 1 }],
      };
      await made.write({ rules: [...rules, own] });
      // It is read by no router that knows of two colours; a person has to say what it is for.
      await expect(router.read(signal())).rejects.toMatchObject({ code: 'CUTOVER_ROUTER_OBJECT' });
      await made.close();
    });
  });

  it('a VirtualService that mirrors already is left alone', async () => {
    const route = istioSpec('host', null)(BLUE, null).http.at(-1);
    const spec = { http: [{ ...route, mirrors: [{ destination: { host: 'audit' } }] }] };
    const made = await createVirtualService(spec);
    const exposed: Exposed = { colour: 'green', header: null, mirror_percent: 10 };
    await expect(expose(istioRouter(made.name), exposed)).rejects.toMatchObject({ code: 'CUTOVER_ROUTER_OBJECT' });
    expect((await made.read()).spec).toEqual(spec);
    await made.close();
  });

  it('a Service’s selector exposes nothing, whoever asks', async () => {
    const path = `/api/v1/namespaces/${NAMESPACE}/services`;
    const spec = { selector: { app: 'shop', colour: 'blue' }, ports: [{ port: 80 }] };
    await plane.api('POST', path, { metadata: { name: 'shop' }, spec });
    const options = { context: null, namespace: NAMESPACE, service: 'shop', label: 'colour' };
    const exposed: Exposed = { colour: 'green', header, mirror_percent: null };
    await expect(expose(createServiceSelectorRouter(options), exposed)).rejects.toMatchObject({
      code: 'CUTOVER_PLAN_ROUTER',
    });
  });

  it('a cluster that knows no percentage of a mirror is not made to copy every request', async () => {
    const definition = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${HTTP_ROUTE.plural}.${HTTP_ROUTE.group}`;
    const known =
      '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/rules/items/properties/filters/items/properties/requestMirror/properties/percent';
    await plane.api('PATCH', definition, [{ op: 'remove', path: known }], 'application/json-patch+json');
    const { spec } = gatewaySpecs('HTTPRoute');
    const made = await createRoute('HTTPRoute', spec(BLUE, null));
    const before = (await made.read()).spec;
    const dropped = { spec: { rules: [{ backendRefs: backends(BLUE), filters: [mirrorFilter({ percent: 10 })] }] } };
    const isDropped = async () => {
      const { spec: kept } = await plane.api<Stored>('PATCH', `${made.path}?dryRun=All`, dropped, MERGE);
      return !JSON.stringify(kept).includes('percent');
    };
    await patiently(isDropped, 'the percentage to be unknown');
    const exposed: Exposed = { colour: 'green', header: null, mirror_percent: 10 };
    await expect(expose(gatewayRouter('HTTPRoute', made.name), exposed)).rejects.toMatchObject({
      code: 'CUTOVER_KUBERNETES_REFUSED',
      message: expect.stringContaining('requestMirror.percent'),
    });
    expect((await made.read()).spec).toEqual(before);
    await made.close();
  });
});

function backends({ blue, green }: Weights) {
  return [
    { name: SERVICES.blue, port: 80, weight: blue },
    { name: SERVICES.green, port: 80, weight: green },
  ];
}

function mirrorFilter(part: object) {
  return { type: 'RequestMirror', requestMirror: { backendRef: { name: SERVICES.green, port: 80 }, ...part } };
}

/** A rule without matches, one of another Service, one with matches and filters, and one that no such request comes to. */
function gatewaySpecs(kind: 'HTTPRoute' | 'GRPCRoute') {
  const everywhere = kind === 'HTTPRoute' ? { path: { type: 'PathPrefix', value: '/' } } : {};
  const tenant = { type: 'Exact', name: 'x-tenant', value: 'a' };
  const api =
    kind === 'HTTPRoute'
      ? { path: { type: 'PathPrefix', value: '/api' } }
      : { method: { type: 'Exact', service: 'shop.Orders' } };
  const modifier = { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-api', value: '1' }] } };
  const other = { ...everywhere, headers: [{ type: 'Exact', name: 'x-cutover', value: 'other' }] };
  const spec = (weights: Weights, exposed: Exposed | null) => {
    const percent = exposed?.mirror_percent ?? null;
    const mirror = percent === null ? [] : [mirrorFilter({ percent })];
    const filters = (own: object[]) => (own.length + mirror.length === 0 ? {} : { filters: [...own, ...mirror] });
    const asked = exposed?.header == null ? [] : [{ type: 'Exact', ...exposed.header }];
    const copy = (rule: object, matches: object[]) =>
      asked.length === 0 ? [] : [{ ...rule, matches, backendRefs: [{ name: SERVICES.green, port: 80, weight: 1 }] }];
    const [timeouts, shared] = [{ timeouts: { request: '3s' } }, { backendRefs: backends(weights) }];
    return {
      parentRefs: [{ name: 'public' }],
      rules: [
        ...copy(timeouts, [{ ...everywhere, headers: asked }]),
        { ...timeouts, ...shared, ...filters([]) },
        { matches: [{ ...everywhere, headers: [tenant] }], backendRefs: [{ name: 'assets', port: 80, weight: 1 }] },
        ...copy({ filters: [modifier] }, [
          { ...api, headers: [tenant, ...asked] },
          { ...api, headers: asked },
        ]),
        { matches: [{ ...api, headers: [tenant] }, api], ...shared, ...filters([modifier]) },
        { matches: [other], ...shared, ...filters([]) },
      ],
    };
  };
  /** Without the first copy. */
  const some = (rules: Rules) => rules.slice(1);
  return { spec, some };
}

/** A route without matches behind others, with destinations by host or by subset. */
function istioSpec(by: IstioOptions['destinations']['by'], named: string | null) {
  const at = {
    blue: by === 'host' ? { host: `${SERVICES.blue}.shop.svc.cluster.local` } : { host: 'checkout', subset: 'v1' },
    green: by === 'host' ? { host: SERVICES.green } : { host: 'checkout', subset: 'v2' },
  };
  return ({ blue, green }: Weights, exposed: Exposed | null) => {
    const route = [
      { destination: at.blue, weight: blue },
      { destination: at.green, weight: green },
    ];
    const percent = exposed?.mirror_percent ?? null;
    const mirror = percent === null ? {} : { mirror: at.green, mirrorPercentage: { value: percent } };
    let copies = 0;
    const copy = (one: object, match: object[]) => {
      if (exposed?.header == null) return [];
      copies += 1;
      const headers = { [exposed.header.name.toLowerCase()]: { exact: exposed.header.value } };
      const candidate = [{ destination: at.green, weight: 100 }];
      const asked = match.map((each) => ({
        ...each,
        headers: { ...(each as { headers?: object }).headers, ...headers },
      }));
      return [{ ...one, name: `cutover-header-${copies}`, match: asked, route: candidate }];
    };
    const beta = { uri: { prefix: '/beta' }, headers: { 'x-tenant': { exact: 'a' } } };
    const without = { withoutHeaders: { 'x-cutover': {} } };
    const primary = { name: 'primary', retries: { attempts: 3 } };
    const http: Rules = [
      { name: 'legacy', match: [{ uri: { prefix: '/old' } }], route: [{ destination: { host: 'legacy' } }] },
      ...(named === null
        ? [
            ...copy({}, [beta]),
            { match: [beta], route, ...mirror },
            { match: [without], name: 'no-header', route, ...mirror },
          ]
        : []),
      ...copy(primary, [{}]),
      { ...primary, route, ...mirror },
    ];
    return { hosts: ['checkout'], http };
  };
}

function keepDoing(work: () => Promise<void>): { stop(): Promise<void> } {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await work().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
    },
  };
}
