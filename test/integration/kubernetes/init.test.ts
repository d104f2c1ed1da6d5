import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPlan } from '../../../src/plan/load.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { type CliResult, runCli } from '../../support/cli.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';

const START_MS = 1_200_000;
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('cutover init kubernetes', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let shop: KubernetesShop;
  beforeAll(async () => {
    shop = await openShop(plane, { tags: { blue: '2.4.1', green: '2.4.0' } });
  }, START_MS);
  afterAll(() => plane.stop(), START_MS);

  function init(args: string[] = [], namespace = shop.namespace): Promise<CliResult> {
    const all = ['init', 'kubernetes', '-n', namespace, '--out', '-', ...args];
    return runCli(all, { env: { KUBECONFIG: plane.kubeconfig } });
  }

  async function planOf(args: string[], namespace?: string): Promise<{ plan: Plan; text: string }> {
    const { code, stdout, stderr } = await init(args, namespace);
    expect(code, stderr).toBe(0);
    return { plan: loadPlan([{ name: 'cutover.yaml', text: stdout }]).plan, text: stdout };
  }

  const apps = () => `/apis/apps/v1/namespaces/${shop.namespace}`;
  const service = (name: string, selector: object | undefined) =>
    plane.api('POST', `/api/v1/namespaces/${shop.namespace}/services`, {
      metadata: { name },
      spec: { selector, ports: [{ port: 80 }] },
    });
  const workload = (plural: string, name: string, labels: object, containers: string[]) =>
    plane.api('POST', `${apps()}/${plural}`, {
      metadata: { name },
      spec: {
        replicas: 0,
        ...(plural === 'statefulsets' ? { serviceName: name } : {}),
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: containers.map((one) => ({ name: one, image: `registry.example.com/${one}:3` })) },
        },
      },
    });

  it('names what stands behind the Service, in a plan that can be started', async () => {
    await plane.api('POST', `/apis/autoscaling/v2/namespaces/${shop.namespace}/horizontalpodautoscalers`, {
      metadata: { name: 'checkout-blue' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout-blue' },
        minReplicas: 2,
        maxReplicas: 10,
      },
    });
    const { plan, text } = await planOf(['--service', 'checkout', '--approvers', 'ana@example.com']);
    expect(plan).toMatchObject({
      service: 'checkout',
      version: '2.4.1',
      platform: {
        kind: 'kubernetes',
        namespace: shop.namespace,
        deployments: { blue: 'checkout-blue', green: 'checkout-green' },
        image: 'registry.example.com/checkout',
      },
      router: { kind: 'service_selector', service: 'checkout' },
      switch: { strategy: 'instant' },
      approval: { approvers: ['ana@example.com'] },
    });
    expect(text).toContain(`# Service ${shop.namespace}/checkout selected colour: blue when this was written`);
    expect(text).toContain('2 replicas of 2.4.1');
    expect(text).toContain('# HorizontalPodAutoscaler checkout-blue keeps blue at 2 to 10 replicas.');
    const validated = await runCli(['validate', '-'], { input: text });
    expect(validated).toMatchObject({ code: 0, stderr: '' });
  });

  it('finds StatefulSets, another label, and takes the container that is named', async () => {
    for (const colour of ['blue', 'green'])
      await workload('statefulsets', `db-${colour}`, { app: 'db', side: colour }, ['db', 'sidecar']);
    await service('db', { app: 'db', side: 'green' });
    const { plan } = await planOf(['--service', 'db', '--container', 'db', '--context', 'test', '--plan-version', '4']);
    expect(plan).toMatchObject({
      version: '4',
      platform: {
        context: 'test',
        workload: 'StatefulSet',
        container: 'db',
        image: 'registry.example.com/db',
        deployments: { blue: 'db-blue', green: 'db-green' },
      },
      router: { kind: 'service_selector', service: 'db', label: 'side' },
    });
    const refused = await init(['--service', 'db']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('has the containers db, sidecar: name one with --container');
  });

  describe('is refused', () => {
    it.each([
      ['has no label with a colour', { app: 'checkout' }, 'selects {"app":"checkout"}; it must select a label'],
      ['has no selector', undefined, 'selects {}; it must select a label'],
      ['has two', { colour: 'blue', side: 'blue' }, 'by more than one label'],
      ['selects what no workload has', { app: 'gone', colour: 'blue' }, 'which no Deployment or StatefulSet gives'],
    ])('when the selector %s', async (title, selector, message) => {
      const name = title.replaceAll(' ', '-');
      await service(name, selector);
      const { code, stdout, stderr } = await init(['--service', name]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(message);
    });

    it('when a label that is named holds none', async () => {
      const { stderr } = await init(['--service', 'checkout', '--label', 'app']);
      expect(stderr).toContain('it must select app: blue or green');
    });

    it('when a colour has two workloads, or the colours are of two kinds', async () => {
      const labels = (colour: string, app: string) => ({ app, colour });
      for (const name of ['one', 'other']) await workload('deployments', name, labels('blue', 'twice'), ['app']);
      await service('twice', labels('blue', 'twice'));
      expect((await init(['--service', 'twice'])).stderr).toContain('Deployment one, Deployment other; it must be one');
      await workload('deployments', 'mixed-blue', labels('blue', 'mixed'), ['app']);
      await workload('statefulsets', 'mixed-green', labels('green', 'mixed'), ['app']);
      await service('mixed', labels('blue', 'mixed'));
      expect((await init(['--service', 'mixed'])).stderr).toContain('are of different kinds');
    });

    it('when there is no such Service', async () => {
      const { code, stderr } = await init(['--service', 'nobody']);
      expect(code).toBe(2);
      expect(stderr).toContain('CUTOVER_KUBERNETES_NOT_FOUND');
    });

    it('when a flag does not go with it, or a share with a selector', async () => {
      expect((await init()).stderr).toContain('--service is missing');
      expect((await init(['--service', 'checkout', '--platform', 'ecs'])).stderr).toContain('--platform ecs');
      const shared = await init(['--service', 'checkout', '--steps', '5,100']);
      expect(shared.stderr).toContain('knows 0 % and 100 % only');
      const alone = await runCli(['init', '--service', 'checkout', '-n', 'shop', '--out', '-']);
      expect(alone.stderr).toContain('--namespace is for `cutover init kubernetes`');
      const unknown = await runCli(['init', 'nomad', '--service', 'checkout']);
      expect(unknown).toMatchObject({ code: 2 });
    });
  });
});
