import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWorkerConfig } from '../../../src/worker/config.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { CONNECTION, defineResource, SERVICE_MONITOR, WORKER_DEPLOYMENT } from '../../support/kubernetes/crds.ts';
import { kubectl, manifests, restrictedNamespace } from '../../support/kubernetes/kubectl.ts';
import { objectsIn } from '../../support/kubernetes/role.ts';
import { requirePart } from '../../support/parts.ts';
import { patiently } from '../../support/patiently.ts';

const START_MS = 1_200_000;
/** What a worker takes at most to hand over: `shutdownForceTime` of src/worker/run.ts. */
const HANDOVER_S = 10;
const kubernetes = await requirePart('kubernetes', openControlPlane);

interface Manifest {
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: {
    replicas: number;
    template: { spec: PodSpec };
  };
}

interface PodSpec {
  terminationGracePeriodSeconds: number;
  containers: { args: string[]; ports: { name: string; containerPort: number }[]; env?: EnvVar[] }[];
}

interface EnvVar {
  name: string;
  value: string;
}

kubernetes.suite('deploy/kubernetes', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  beforeAll(async () => {
    for (const definition of [SERVICE_MONITOR, WORKER_DEPLOYMENT, CONNECTION]) await defineResource(plane, definition);
    await restrictedNamespace(plane, 'cutover');
    await plane.api('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop' },
    });
  }, START_MS);
  afterAll(() => plane.stop(), START_MS);

  async function built(folder: string): Promise<Manifest[]> {
    const { stdout } = await kubectl(plane, ['kustomize', manifests(folder)]);
    return objectsIn<Manifest>(stdout);
  }

  it.each([
    ['base', ['ConfigMap', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceAccount']],
    [
      'example',
      [
        ...['ConfigMap', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceAccount'],
        'ServiceMonitor',
      ],
    ],
    [
      'worker-deployment',
      [
        ...['ConfigMap', 'Connection', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceAccount'],
        'WorkerDeployment',
      ],
    ],
    ['target/service-selector', ['Role', 'RoleBinding']],
    ['target/gateway-api', ['Role', 'RoleBinding']],
    ['target/istio', ['Role', 'RoleBinding']],
    ['target/ingress-nginx', ['Role', 'RoleBinding']],
    ['target/traefik', ['Role', 'RoleBinding']],
    ['target/read-only', ['Role', 'RoleBinding']],
  ])('the API server takes %s as it is, without a warning', async (folder, kinds) => {
    const namespace = folder.startsWith('target/') ? ['-n', 'shop'] : [];
    const args = ['apply', '--dry-run=server', ...namespace, '-k', manifests(folder)];
    const { stdout, stderr } = await kubectl(plane, args);
    expect(stderr).toBe('');
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .every((line) => line.endsWith('created (server dry run)')),
    ).toBe(true);
    expect((await built(folder)).map(({ kind }) => kind).sort()).toEqual(kinds);
  });

  describe('the worker', () => {
    it.each(['base', 'example'])(
      'of %s gets flags and variables that it knows, and serves where it is asked',
      async (folder) => {
        const objects = await built(folder);
        const pod = podOf(objects, 'Deployment');
        const data = objects.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
        expect(configOf(pod, data)).toMatchObject({
          port: pod.containers[0]?.ports[0]?.containerPort,
          host: '0.0.0.0',
        });
        expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(2 * HANDOVER_S);
      },
    );

    it('is the same where the Temporal Worker Controller runs it', async () => {
      const [plain, controlled] = [await built('base'), await built('worker-deployment')];
      const { containers, ...pod } = podOf(controlled, 'WorkerDeployment');
      const { topologySpreadConstraints: _, ...own } = podOf(plain, 'Deployment') as PodSpec & {
        topologySpreadConstraints: unknown;
      };
      const [worker] = containers;
      const { env = [], envFrom: __, ...rest } = worker as PodSpec['containers'][number] & { envFrom: unknown };
      const { envFrom: ___, ...ownContainer } = own.containers[0] as PodSpec['containers'][number] & {
        envFrom: unknown;
      };
      expect({ ...pod, containers: [rest] }).toEqual({ ...own, containers: [ownContainer] });
      const given = Object.fromEntries(env.map(({ name, value }) => [name, value]));
      expect(configOf({ ...pod, containers: [rest] }, given)).toMatchObject({ host: '0.0.0.0', port: 9_464 });
    });

    it('is admitted where only restricted pods are, and two of them become ready', async () => {
      await kubectl(plane, ['apply', '-k', manifests('base')]);
      const deployment = () =>
        plane.api<{ status?: { readyReplicas?: number } }>(
          'GET',
          '/apis/apps/v1/namespaces/cutover/deployments/cutover',
        );
      await patiently(async () => (await deployment()).status?.readyReplicas === 2, 'two ready workers');
      const budget = () =>
        plane.api<{ status?: { disruptionsAllowed?: number } }>(
          'GET',
          '/apis/policy/v1/namespaces/cutover/poddisruptionbudgets/cutover',
        );
      await patiently(async () => (await budget()).status?.disruptionsAllowed === 1, 'a budget of one at a time');
    });

    it('may do nothing by itself', async () => {
      const { stdout } = await kubectl(plane, [
        ...['auth', 'can-i', '--list', '-n', 'shop', '--no-headers'],
        '--as=system:serviceaccount:cutover:cutover',
      ]);
      expect(stdout).not.toMatch(/deployments|services|secrets|pods/);
    });
  });
});

function podOf(objects: readonly Manifest[], kind: string): PodSpec {
  const found = objects.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} in ${objects.map((one) => one.kind).join(', ')}`);
  return found.spec.template.spec;
}

/** Where the worker would serve, were it started as the manifest says. */
function configOf({ containers }: PodSpec, env: Record<string, string>): { host?: string; port?: number } {
  const [command, ...flags] = containers[0]?.args ?? [];
  expect(command).toBe('worker');
  const folder = mkdtempSync(join(tmpdir(), 'cutover-manifest-'));
  try {
    return readWorkerConfig(flags, { HOME: folder, ...env })?.metricsAddress ?? {};
  } finally {
    rmSync(folder, { recursive: true });
  }
}
