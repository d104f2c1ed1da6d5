import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Check } from '../../../src/client/doctor/check.ts';
import { runCli } from '../../support/cli.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { kubeconfigOf, kubectl, manifests } from '../../support/kubernetes/kubectl.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';

const START_MS = 1_200_000;
const ACCOUNT = 'system:serviceaccount:cutover:cutover';
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('cutover doctor, with a plan on Kubernetes', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let shop: KubernetesShop;
  let folder: string;
  let kubeconfig: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cutover-doctor-kubernetes-'));
    await kubectl(plane, ['create', 'namespace', 'cutover']);
    await kubectl(plane, ['create', 'serviceaccount', 'cutover', '-n', 'cutover']);
    kubeconfig = await kubeconfigOf(plane, 'cutover', 'cutover');
    shop = await openShop(plane);
  }, START_MS);
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await plane.stop();
  }, START_MS);

  /** Of what concerns the cluster; Temporal is not there. */
  async function examined(changes: object = {}, env: Record<string, string> = {}): Promise<Check[]> {
    const plan = {
      service: shop.service,
      version: '2.0.0',
      platform: { kubernetes: { namespace: shop.namespace } },
      router: { service_selector: { service: shop.service } },
      metrics: { prometheus: { url: 'http://127.0.0.1:1' } },
      ...changes,
    };
    const file = join(folder, 'plan.yaml');
    writeFileSync(file, JSON.stringify(plan));
    const options = { address: '127.0.0.1:1', env: { KUBECONFIG: kubeconfig, ...env } };
    const { code, stdout, stderr } = await runCli(['doctor', file, '--json'], options);
    expect(code, stderr).toBe(6);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    return checks.filter(({ name }) => /kubernetes|service_selector|gateway_api|^may /.test(name));
  }

  const stateOf = (checks: readonly Check[]) => checks.map(({ name, state }) => `${name}: ${state}`);
  const allow = (target: string) =>
    kubectl(plane, ['apply', '-n', shop.namespace, '-k', manifests(`target/${target}`)]);

  it('names every permission that is missing, with the rule, and what can be done without', async () => {
    const checks = await examined();
    expect(stateOf(checks)).toEqual([
      'platform (kubernetes): failed',
      'router (service_selector): failed',
      'may get deployments: failed',
      'may list deployments: warning',
      'may watch deployments: warning',
      'may patch deployments: failed',
      'may list pods: failed',
      'may watch pods: warning',
      'may get pods/log: warning',
      'may list horizontalpodautoscalers: failed',
      'may get horizontalpodautoscalers: warning',
      'may patch horizontalpodautoscalers: warning',
      'may get scaledobjects: warning',
      'may patch scaledobjects: warning',
      'may get configmaps: warning',
      'may get secrets: warning',
      'may list poddisruptionbudgets: warning',
      'may list networkpolicies: warning',
      'may get services: failed',
      'may list services: warning',
      'may watch services: warning',
      'may patch services: failed',
      'may list endpointslices: failed',
    ]);
    expect(checks.find(({ name }) => name === 'may patch services')).toEqual({
      name: 'may patch services',
      state: 'failed',
      detail: `${ACCOUNT} may not, in ${shop.namespace}`,
      fix: `Add the rule to the Role of the worker's account in ${shop.namespace}: {"apiGroups":[""],"resources":["services"],"verbs":["patch"]}`,
    });
    expect(checks.find(({ name }) => name === 'may get secrets')?.detail).toContain('the colours cannot be compared');
  });

  it('asks for parity’s permissions too where the plan requires parity', async () => {
    const checks = await examined({ require_parity: true });
    expect(stateOf(checks)).toContain('may get secrets: failed');
    expect(stateOf(checks)).toContain('may get pods/log: warning');
  });

  it('sees under the read-only Role what there is, and that it may not be written', async () => {
    await allow('read-only');
    await expect
      .poll(() => examined().then(stateOf), { timeout: 20_000 })
      .toEqual([
        'platform (kubernetes): ok',
        'router (service_selector): ok',
        'may patch deployments: failed',
        'may patch horizontalpodautoscalers: warning',
        'may patch scaledobjects: warning',
        'may patch services: failed',
      ]);
  });

  it('is content with the Role of the router, and says as whom', async () => {
    await allow('service-selector');
    await expect
      .poll(() => examined().then(stateOf), { timeout: 20_000 })
      .toEqual(['platform (kubernetes): ok', 'router (service_selector): ok', 'permissions (kubernetes): ok']);
    const detail = (await examined()).find(({ name }) => name === 'permissions (kubernetes)')?.detail;
    expect(detail).toBe(`all 26 that are needed, as ${ACCOUNT}`);
  });

  it('warns of pods that are killed before the plan’s drain is over', async () => {
    const checks = await examined({ switch: { drain: '1m' } });
    expect(stateOf(checks)).toEqual([
      'platform (kubernetes): ok',
      'platform (kubernetes): warning',
      'platform (kubernetes): warning',
      'router (service_selector): ok',
      'permissions (kubernetes): ok',
    ]);
    expect(checks[1]).toEqual({
      name: 'platform (kubernetes)',
      state: 'warning',
      detail:
        'Deployment checkout-blue: its pods are killed 30 s after they are told to end (terminationGracePeriodSeconds), switch.drain is 60 s',
      fix: 'Change the workload, or the plan.',
    });
  });

  it('names what is not there: workloads, the Service, a route’s kind', async () => {
    const checks = await examined({
      platform: { kubernetes: { namespace: shop.namespace, deployments: { blue: 'a', green: 'b' } } },
      router: { service_selector: { service: 'elsewhere' } },
    });
    expect(stateOf(checks)).toEqual([
      'platform (kubernetes): failed',
      'router (service_selector): failed',
      'permissions (kubernetes): ok',
    ]);
    expect(checks[0]?.detail).toBe('deployments.apps "a" not found; deployments.apps "b" not found');
    expect(checks[1]?.detail).toContain('"elsewhere" not found');
    const routed = await examined({ router: { gateway_api: { route: 'checkout' } } });
    expect(stateOf(routed)).toEqual([
      'platform (kubernetes): ok',
      'router (gateway_api): failed',
      'may get httproutes: failed',
      'may list httproutes: warning',
      'may watch httproutes: warning',
      'may patch httproutes: failed',
    ]);
  });

  it('says so when the cluster cannot be asked', async () => {
    const away = { platform: { kubernetes: { namespace: shop.namespace, context: 'away' } } };
    const checks = await examined(away);
    expect(checks.find(({ name }) => name === 'permissions (kubernetes)')).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('no context "away"'),
    });
  });
});
