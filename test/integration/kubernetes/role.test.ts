import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubernetesApi } from '../../../src/adapters/kubernetes/api.ts';
import { ruleFor } from '../../../src/adapters/kubernetes/errors.ts';
import { createAdapters } from '../../../src/adapters/registry.ts';
import type { Platform, TrafficRouter } from '../../../src/adapters/types.ts';
import { requestsOf } from '../../../src/direct/kubernetes/requests.ts';
import { CutoverError } from '../../../src/errors.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { addWork, SELECTOR } from '../../support/kubernetes/active-only.ts';
import { type ApiCall, type ApiProxy, startApiProxy } from '../../support/kubernetes/api-proxy.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import {
  defineResource,
  GRPC_ROUTE,
  HTTP_ROUTE,
  SCALED_OBJECT,
  TRAEFIK_SERVICE,
  VIRTUAL_SERVICE,
} from '../../support/kubernetes/crds.ts';
import { crashOnePod, furnish, STATEFUL } from '../../support/kubernetes/furnish.ts';
import { kubectl, manifests, tokenOf } from '../../support/kubernetes/kubectl.ts';
import { named, type Rule, ruleOf, rulesOf } from '../../support/kubernetes/role.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';
import { patiently } from '../../support/patiently.ts';
import { testPlan } from '../../support/plans.ts';

const START_MS = 1_200_000;
/** Watches are kept by context: each round has one of its own. */
const ROUNDS = 60;
const LOOK_AGE_MS = 10_000;
const WATCHES_MS = 200;
const EVERY_RULE_MS = 180_000;
const kubernetes = await requirePart('kubernetes', openControlPlane);

/** What a plan may say of each router, and of the workloads: every rule of its Role is there for one of them. */
const ROUTERS: Record<string, Plan['router'][]> = {
  'service-selector': [{ kind: 'service_selector', service: 'checkout' }],
  'gateway-api': [
    { kind: 'gateway_api', route: 'checkout' },
    { kind: 'gateway_api', route: 'checkout', route_kind: 'GRPCRoute' },
  ],
  istio: [{ kind: 'istio', virtual_service: 'checkout' }],
  'ingress-nginx': [{ kind: 'ingress_nginx', ingress: 'checkout' }],
  traefik: [{ kind: 'traefik', service: 'checkout' }],
};
const TARGETS = Object.keys(ROUTERS);
const FIRST = 'service-selector';

function plansOf(target: string, namespace = 'shop', context = 'round-0'): Plan[] {
  const routers = ROUTERS[target] ?? [];
  const [first] = routers;
  const onDeployments = { kind: 'kubernetes', context, namespace, active_only: SELECTOR } as const;
  const onStatefulSets = { ...onDeployments, workload: 'StatefulSet', deployments: STATEFUL } as const;
  const plans = routers.map((router) => testPlan({ platform: onDeployments, router }));
  return first === undefined ? plans : [...plans, testPlan({ platform: onStatefulSets, router: first })];
}

kubernetes.suite('the Roles of deploy/kubernetes/target', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let shop: KubernetesShop;
  let proxy: ApiProxy;
  let round = 0;

  beforeAll(async () => {
    for (const definition of [HTTP_ROUTE, GRPC_ROUTE, VIRTUAL_SERVICE, TRAEFIK_SERVICE, SCALED_OBJECT])
      await defineResource(plane, definition);
    for (const kind of ['namespace', 'serviceaccount'])
      await kubectl(plane, ['create', kind, 'cutover', ...(kind === 'namespace' ? [] : ['-n', 'cutover'])]);
    proxy = await startApiProxy(plane, await tokenOf(plane, 'cutover', 'cutover'));
    process.env.KUBECONFIG = join(plane.folder, 'rounds.kubeconfig');
    await writeFile(process.env.KUBECONFIG, JSON.stringify(roundsOf(proxy.url)));
    shop = await openShop(plane, { replicas: { blue: 2, green: 1 } });
    await furnish(plane, shop);
    await addWork(plane, shop, { ledger: 'journal' });
    await crashOnePod(plane, shop);
  }, START_MS);
  afterAll(async () => {
    await proxy?.stop();
    await plane.stop();
  }, START_MS);
  const signal = () => AbortSignal.timeout(20_000);

  /** Which rules a deployment's calls of its adapters were refused for, whoever noticed, each once. */
  async function refusals(target: string): Promise<string[]> {
    const before = proxy.calls.length;
    round += 1;
    await removeCanary();
    for (const plan of plansOf(target, shop.namespace, `round-${round}`)) {
      for (const call of callsOf(plan)) await retried(call);
    }
    const own = () => proxy.calls.slice(before);
    // Watches are opened by the way.
    await sleep(WATCHES_MS);
    await patiently(async () => own().every(({ status }) => status !== null), 'every request to be answered');
    return [
      ...new Set(
        own()
          .filter(({ status }) => status === 403)
          .map(ruleRefused)
          .map(named),
      ),
    ];
  }

  /** It is made by a claim that does not find it. */
  async function removeCanary(): Promise<void> {
    const ingresses = `/apis/networking.k8s.io/v1/namespaces/${shop.namespace}/ingresses`;
    await plane.api('DELETE', `${ingresses}/checkout-canary`).catch(() => undefined);
  }

  function callsOf(plan: Plan): (() => Promise<unknown>)[] {
    const adapters = createAdapters({ localUrl: 'http://127.0.0.1:1', log: () => undefined });
    const [platform, router] = [adapters.platform(plan), adapters.router(plan)];
    return [
      () => platform.inspect('blue', signal()),
      () => platform.inspect('blue', signal(), LOOK_AGE_MS),
      () => platform.deploy('green', `1.0.${round}`, 1, signal()),
      () => platform.scale('green', 2, signal()),
      () => platform.remove('green', signal()),
      () => platform.compare('blue', signal()),
      () => moveWork(platform),
      () => router.read(signal(), LOOK_AGE_MS),
      () => moveAll(router),
      async () => router.convergence((await router.read(signal())).weights, signal()),
    ];
  }

  async function moveWork({ moveScheduledWork }: Platform): Promise<void> {
    if (moveScheduledWork === undefined) throw new Error('the platform moves no work');
    const fence = { run: 'role', epoch: round, step: 0 };
    await moveScheduledWork({ active: 'blue', fence, permit: async () => undefined }, signal());
  }

  async function moveAll(router: TrafficRouter): Promise<void> {
    const state = await router.read(signal());
    const fence = { run: 'role', epoch: (state.fence?.epoch ?? 0) + 1, step: 0 };
    const claimed = await router.claim(state.revision, fence, signal());
    const request = { expected_revision: claimed.state.revision, fence: { ...fence, step: 1 }, force: true };
    const weights = state.weights.blue === 100 ? { blue: 0, green: 100 } : { blue: 100, green: 0 };
    const shifted = await router.shift({ weights, ...request }, signal());
    expect([claimed.kind, shifted.kind]).toEqual(['written', 'written']);
  }

  async function grant(rules: readonly Rule[], without: string | null): Promise<void> {
    const kept = rules.filter((rule) => named(rule) !== without);
    const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${shop.namespace}/roles/cutover`;
    const metadata = { name: 'cutover', namespace: shop.namespace };
    await plane.api('PUT', path, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules: kept });
    const isInEffect = async () => {
      const allowed = await Promise.all(rules.map((rule) => isAllowed(rule, shop.namespace)));
      return rules.every((rule, index) => allowed[index] === (named(rule) !== without));
    };
    await patiently(isInEffect, 'the Role to be in effect');
  }

  it.each(TARGETS)('%s allows exactly what the adapters ask for', async (target) => {
    const asked = new Set(
      plansOf(target)
        .flatMap((plan) => requestsOf(plan))
        .map((request) => named(ruleOf(request))),
    );
    expect((await rulesOf(plane, target)).map(named).sort()).toEqual([...asked].sort());
  });

  it('read-only allows the same of every router, apart from writing', async () => {
    const all = (await Promise.all(TARGETS.map((target) => rulesOf(plane, target)))).flat().map(named);
    const reading = [...new Set(all)].filter((name) => !/^(patch|create) /.test(name));
    expect((await rulesOf(plane, 'read-only')).map(named).sort()).toEqual(reading.sort());
  });

  describe.each(TARGETS)('under %s', (target) => {
    it(
      'everything is allowed, and nothing that is left out would be',
      async () => {
        await kubectl(plane, ['apply', '-n', shop.namespace, '-k', manifests(`target/${target}`)]);
        const rules = await rulesOf(plane, target);
        await grant(rules, null);
        expect(await refusals(target)).toEqual([]);
        // What all Roles have in common is tried under the first.
        const known = target === FIRST ? [] : (await rulesOf(plane, FIRST)).map(named);
        for (const missing of rules.map(named).filter((name) => !known.includes(name))) {
          await grant(rules, missing);
          expect(await refusals(target), `without ${missing}`).toEqual([missing]);
        }
      },
      EVERY_RULE_MS,
    );
  });
});

function roundsOf(server: string): object {
  const names = Array.from({ length: ROUNDS }, (_, round) => `round-${round}`);
  return {
    'current-context': names[0],
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: {} }],
    contexts: names.map((name) => ({ name, context: { cluster: 'test', user: 'test' } })),
  };
}

/** As the activity would be: controllers write to the same objects all the time. A refusal is for the proxy to tell. */
async function retried(call: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await call();
      return;
    } catch (error) {
      if (!(error instanceof CutoverError)) throw error;
      if (error.code === 'CUTOVER_KUBERNETES_FORBIDDEN') return expectRuleIn(error);
      if (error.code !== 'CUTOVER_KUBERNETES_CONFLICT' || attempt === 20) throw error;
    }
  }
}

function expectRuleIn({ details }: CutoverError): void {
  expect(details.rule).toMatchObject({ apiGroups: [expect.any(String)], verbs: [expect.any(String)] });
}

function ruleRefused(call: ApiCall): Rule {
  const rule = ruleFor(call);
  return /[?&]watch=(true|1)/.test(call.path) ? { ...rule, verbs: ['watch'] } : rule;
}

async function isAllowed({ apiGroups, resources, verbs }: Rule, namespace: string): Promise<boolean> {
  const api = createKubernetesApi({ context: null, unreachable: 'CUTOVER_PLATFORM_UNREACHABLE' });
  const [resource, subresource] = (resources[0] ?? '').split('/');
  const resourceAttributes = { namespace, group: apiGroups[0], resource, subresource, verb: verbs[0] };
  const { status } = await api.create<{ status: { allowed: boolean } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
    AbortSignal.timeout(10_000),
  );
  return status.allowed;
}
