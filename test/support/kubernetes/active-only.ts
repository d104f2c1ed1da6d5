/** What only one colour of a shop may run: a CronJob, a consumer of each kind, and what looks alike and is none of it. */
import type { Colour } from '../../../src/plan/types.ts';
import type { ControlPlane } from './control-plane.ts';
import type { KubernetesShop } from './shop.ts';

export const SELECTOR = 'app=checkout,cutover.dev/active-only=true';
const LABELS = { app: 'checkout', 'cutover.dev/active-only': 'true' };
const GROUPS = {
  cronjobs: 'batch/v1',
  deployments: 'apps/v1',
  statefulsets: 'apps/v1',
  scaledobjects: 'keda.sh/v1alpha1',
};

export type WorkPlural = keyof typeof GROUPS;

export interface WorkObject {
  metadata: { annotations?: Record<string, string>; resourceVersion: string; generation: number };
  spec: { suspend?: boolean; replicas?: number };
}

type Place = Pick<KubernetesShop, 'namespace'>;

export function workPath({ namespace }: Place, plural: WorkPlural, name?: string): string {
  return `/apis/${GROUPS[plural]}/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
}

/** CronJobs `report-COLOUR`, Deployments `mailer-COLOUR` with 3 replicas, StatefulSets `ledger-COLOUR` with 2. */
export async function addWork(plane: ControlPlane, shop: Place, { ledger = 'ledger' } = {}): Promise<void> {
  for (const colour of ['blue', 'green'] as const) {
    await addCronJob(plane, shop, `report-${colour}`, { ...LABELS, colour });
    for (const [plural, name, replicas] of [
      ['deployments', 'mailer', 3],
      ['statefulsets', ledger, 2],
    ] as const) {
      const labels = { app: name, colour };
      await plane.api('POST', workPath(shop, plural), {
        metadata: { name: `${name}-${colour}`, labels: { ...LABELS, colour } },
        spec: {
          replicas,
          ...(plural === 'statefulsets' && { serviceName: name }),
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: podSpec },
        },
      });
    }
  }
}

const podSpec = { containers: [{ name: 'app', image: 'registry.example.com/worker:1.0.0' }] };

export function addCronJob(
  plane: ControlPlane,
  shop: Place,
  name: string,
  labels: Record<string, string>,
  suspend = false,
): Promise<unknown> {
  return plane.api('POST', workPath(shop, 'cronjobs'), {
    metadata: { name, labels },
    spec: {
      schedule: '0 3 1 1 *',
      startingDeadlineSeconds: 60,
      suspend,
      jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
    },
  });
}

export function readWork(plane: ControlPlane, shop: Place, plural: WorkPlural, name: string): Promise<WorkObject> {
  return plane.api('GET', workPath(shop, plural, name));
}

/** As a person would. */
export function editWork(plane: ControlPlane, shop: Place, plural: WorkPlural, name: string, patch: object) {
  const path = `${workPath(shop, plural, name)}?fieldManager=kubectl-edit`;
  return plane.api('PATCH', path, patch, 'application/merge-patch+json');
}

/** `report: run`, `mailer: 3`: how a colour's work stands. */
export async function workOf(plane: ControlPlane, shop: Place, colour: Colour): Promise<string[]> {
  const [report, mailer, ledger] = await Promise.all([
    readWork(plane, shop, 'cronjobs', `report-${colour}`),
    readWork(plane, shop, 'deployments', `mailer-${colour}`),
    readWork(plane, shop, 'statefulsets', `ledger-${colour}`),
  ]);
  return [
    `report: ${report.spec.suspend === true ? 'suspended' : 'run'}`,
    `mailer: ${mailer.spec.replicas}`,
    `ledger: ${ledger.spec.replicas}`,
  ];
}

export const RUNS = ['report: run', 'mailer: 3', 'ledger: 2'];
export const RESTS = ['report: suspended', 'mailer: 0', 'ledger: 0'];
