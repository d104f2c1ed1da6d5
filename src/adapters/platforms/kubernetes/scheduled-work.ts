/**
 * CronJobs and consumers that only one colour may run. What an object was before it was suspended stands in an annotation of
 * it, and the fence of the last writer in another: every pass writes every object, changed or not, so that a write of an
 * earlier pass, which is conditional on what that one had read, is refused by the API server whenever it comes.
 */
import type { KubernetesObject } from '@kubernetes/client-node';
import { CutoverError } from '../../../errors.ts';
import type { Colour } from '../../../plan/types.ts';
import { otherColour } from '../../../plan/weights.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { readAndWrite } from '../../kubernetes/conflicts.ts';
import type { Fence, ScheduledWorkOrder, ScheduledWorkReport } from '../../types.ts';
import { PAUSED_ANNOTATION } from './scaler.ts';

export const BEFORE_ANNOTATION = 'cutover.dev/before-standby';
export const WORK_FENCE_ANNOTATION = 'cutover.dev/fence';

export interface ScheduledWorkPlace {
  namespace: string;
  /** Label selector of everything that only one colour may run. */
  selector: string;
  /** Label whose value is the colour that an object belongs to. */
  colourLabel: string;
  /** The two workloads of the service itself, which are left alone whatever their labels. */
  own: { kind: string; names: readonly string[] };
}

interface WorkObject extends KubernetesObject {
  spec?: { suspend?: boolean; replicas?: number };
}

interface WorkKind {
  kind: string;
  /** Of the API, up to the namespace. */
  group: string;
  plural: string;
  /** How it stands, as the annotation keeps it. */
  stands(object: WorkObject): string;
  /** How it stands when it is suspended. */
  off: string;
  isValid(value: string): boolean;
  /** A merge patch. */
  patch(value: string): { spec?: object; annotations?: Record<string, string | null> };
  /** It may not be known to the cluster, or not be ours to see, where nobody uses it. */
  optional?: true;
}

/** Objects written at once. */
const TOGETHER = 8;

const isCount = (value: string) => /^\d{1,9}$/.test(value);
const sized = {
  group: '/apis/apps/v1',
  stands: ({ spec }: WorkObject) => String(spec?.replicas ?? 1),
  off: '0',
  isValid: isCount,
  patch: (value: string) => ({ spec: { replicas: Number(value) } }),
};

/** KEDA's first: it would wake a workload that is scaled to 0 before it. */
const KINDS: readonly WorkKind[] = [
  {
    kind: 'ScaledObject',
    group: '/apis/keda.sh/v1alpha1',
    plural: 'scaledobjects',
    stands: ({ metadata }) => metadata?.annotations?.[PAUSED_ANNOTATION] ?? '',
    off: '0',
    isValid: (value) => value === '' || isCount(value),
    patch: (value) => ({ annotations: { [PAUSED_ANNOTATION]: value === '' ? null : value } }),
    optional: true,
  },
  {
    kind: 'CronJob',
    group: '/apis/batch/v1',
    plural: 'cronjobs',
    stands: ({ spec }) => String(spec?.suspend ?? false),
    off: 'true',
    isValid: (value) => value === 'true' || value === 'false',
    patch: (value) => ({ spec: { suspend: value === 'true' } }),
  },
  { kind: 'Deployment', plural: 'deployments', ...sized },
  { kind: 'StatefulSet', plural: 'statefulsets', ...sized },
];

interface Found {
  kind: WorkKind;
  name: string;
  path: string;
}

/**
 * Suspends everything of the other colour, and only then lets the active one's go on as it did before. CUTOVER_FENCE_SUPERSEDED
 * when a later pass was here; what `order.permit` throws; the errors of the KubernetesApi. Done in part it is done again.
 */
export async function moveScheduledWork(
  api: KubernetesApi,
  place: ScheduledWorkPlace,
  order: ScheduledWorkOrder,
  signal: AbortSignal,
): Promise<ScheduledWorkReport> {
  const standby = otherColour(order.active);
  const [resting, working] = await Promise.all([
    workOf(api, place, standby, signal),
    workOf(api, place, order.active, signal),
  ]);
  const report: ScheduledWorkReport = { suspended: [], resumed: [], left: [] };
  await each(resting, async (found) => {
    const written = await write(api, found, false, order, signal);
    if (written?.changed === true) report.suspended.push(titleOf(found));
  });
  await each(working, async (found) => {
    const written = await write(api, found, true, order, signal);
    if (written === null) return;
    if (written.value === found.kind.off) report.left.push(titleOf(found));
    else if (written.changed) report.resumed.push(titleOf(found));
  });
  return report;
}

async function workOf(
  api: KubernetesApi,
  { namespace, selector, colourLabel, own }: ScheduledWorkPlace,
  colour: Colour,
  signal: AbortSignal,
): Promise<Found[]> {
  const found = await Promise.all(
    KINDS.map(async (kind) => {
      const folder = `${kind.group}/namespaces/${namespace}/${kind.plural}`;
      const objects = await listOf(api, kind, folder, `${selector},${colourLabel}=${colour}`, signal);
      const names = objects.map(({ metadata }) => metadata?.name ?? '');
      const others = names.filter((name) => kind.kind !== own.kind || !own.names.includes(name));
      return others.map((name) => ({ kind, name, path: `${folder}/${name}` }));
    }),
  );
  return found.flat();
}

async function listOf(
  api: KubernetesApi,
  { optional }: WorkKind,
  folder: string,
  selector: string,
  signal: AbortSignal,
): Promise<WorkObject[]> {
  try {
    return await api.list<WorkObject>(folder, selector, signal);
  } catch (error) {
    if (optional === true && isAbsent(error)) return [];
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  if (!(error instanceof CutoverError)) return false;
  return error.code === 'CUTOVER_KUBERNETES_NOT_FOUND' || error.code === 'CUTOVER_KUBERNETES_FORBIDDEN';
}

/** Null: it is gone. */
async function write(
  api: KubernetesApi,
  { kind, name, path }: Found,
  works: boolean,
  { fence, permit }: ScheduledWorkOrder,
  signal: AbortSignal,
): Promise<{ value: string; changed: boolean } | null> {
  return readAndWrite(async () => {
    const object = await api.find<WorkObject>(path, signal);
    if (object === null) return null;
    const { resourceVersion, annotations: stored = {} } = object.metadata ?? {};
    refuseWhenSuperseded(stored[WORK_FENCE_ANNOTATION], fence, `${kind.kind} ${name}`);
    const stands = kind.stands(object);
    const kept = keptIn(kind, name, stored[BEFORE_ANNOTATION]);
    // A person who has woken it meanwhile has decided how it stands.
    const value = works ? (kept !== null && stands === kind.off ? kept : stands) : kind.off;
    const keep = works ? null : (kept ?? stands);
    const told = JSON.stringify(fence);
    const changed = value !== stands;
    if (!changed && keep === kept && stored[WORK_FENCE_ANNOTATION] === told) return { value, changed };
    await permit(signal);
    const { spec, annotations } = changed ? kind.patch(value) : {};
    const all = { ...annotations, [BEFORE_ANNOTATION]: keep, [WORK_FENCE_ANNOTATION]: told };
    await api.merge(path, { metadata: { resourceVersion, annotations: all }, ...(spec && { spec }) }, signal);
    return { value, changed };
  }, signal);
}

function keptIn({ kind, isValid }: WorkKind, name: string, kept: string | undefined): string | null {
  if (kept === undefined) return null;
  if (isValid(kept)) return kept;
  const told = `the annotation ${BEFORE_ANNOTATION} of ${kind} ${name} is not what Cutover wrote: ${kept.slice(0, 200)}`;
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', told);
}

/** A fence of another claim says nothing: the router knows whose claim stands, and is asked before the write. */
function refuseWhenSuperseded(stored: string | undefined, fence: Fence, name: string): void {
  const known = stored === undefined ? null : fenceIn(stored);
  if (known === null || known.run !== fence.run || known.epoch !== fence.epoch || known.step <= fence.step) return;
  const told = `${name} was written at step ${known.step}, after step ${fence.step}`;
  throw new CutoverError('CUTOVER_FENCE_SUPERSEDED', told);
}

function fenceIn(text: string): Fence | null {
  try {
    const { run, epoch, step } = JSON.parse(text) as Partial<Fence>;
    const isWhole = typeof run === 'string' && typeof epoch === 'number' && typeof step === 'number';
    return isWhole ? { run, epoch, step } : null;
  } catch {
    return null;
  }
}

/** Some at once; the first error once those are through, and none after them is begun. */
async function each(all: readonly Found[], work: (found: Found) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += TOGETHER) {
    const ended = await Promise.allSettled(all.slice(from, from + TOGETHER).map(work));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }
}

function titleOf({ kind, name }: Found): string {
  return `${kind.kind} ${name}`;
}
