import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { orderFor } from '../../../src/activities/scheduled-work.ts';
import { BEFORE_ANNOTATION, WORK_FENCE_ANNOTATION } from '../../../src/adapters/platforms/kubernetes/scheduled-work.ts';
import { createKubernetesPlatform } from '../../../src/adapters/platforms/kubernetes.ts';
import type { RouterState, ScheduledWorkOrder, ScheduledWorkReport } from '../../../src/adapters/types.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import {
  addCronJob,
  addWork,
  editWork,
  RESTS,
  RUNS,
  readWork,
  SELECTOR,
  workOf,
  workPath,
} from '../../support/kubernetes/active-only.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { defineResource, SCALED_OBJECT } from '../../support/kubernetes/crds.ts';
import { type KubernetesShop, openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';

const START_MS = 1_200_000;
const RUN = 'cutover/test/checkout run-1';
const PAUSED = 'autoscaling.keda.sh/paused-replicas';
const kubernetes = await requirePart('kubernetes', openControlPlane);

function allOn(colour: Colour): Weights {
  return { blue: colour === 'blue' ? 100 : 0, green: colour === 'green' ? 100 : 0 };
}

kubernetes.suite('work that only one colour may run', () => {
  let plane: ControlPlane;
  let shop: KubernetesShop;
  /** As the router would be read. */
  let stored: RouterState;
  beforeAll(() => {
    plane = kubernetes.value();
    process.env.KUBECONFIG = plane.kubeconfig;
  }, START_MS);
  afterAll(() => plane?.stop(), START_MS);
  beforeEach(async () => {
    shop = await openShop(plane);
    await addWork(plane, shop);
    return shop.remove;
  });

  const signal = () => AbortSignal.timeout(10_000);
  const router = { read: async () => stored };

  /** What a traffic write of that step leaves at the router, and the order that follows it. */
  function written(active: Colour, step: number, epoch = 1): ScheduledWorkOrder {
    const fence = { run: RUN, epoch, step };
    stored = { weights: allOn(active), revision: 'r', fence, fenced_revision: 'r', before: null };
    return orderFor(router, { active, fence });
  }

  async function pass(order: ScheduledWorkOrder): Promise<ScheduledWorkReport> {
    const { namespace, service } = shop;
    const platform = createKubernetesPlatform({
      ...{ context: null, namespace, names: { blue: `${service}-blue`, green: `${service}-green` } },
      ...{ kind: 'Deployment', container: null, image: null, port: null },
      activeOnly: { selector: SELECTOR, colourLabel: 'colour' },
    });
    const report = await platform.moveScheduledWork?.(order, signal());
    if (report === undefined) throw new Error('the platform moves no work');
    return { suspended: report.suspended.sort(), resumed: report.resumed.sort(), left: report.left.sort() };
  }

  const all = (colour: Colour) => [
    `CronJob report-${colour}`,
    `Deployment mailer-${colour}`,
    `StatefulSet ledger-${colour}`,
  ];
  const standing = async () => ({
    blue: await workOf(plane, shop, 'blue'),
    green: await workOf(plane, shop, 'green'),
  });

  it('is suspended on the standby colour, and goes to and fro with the size that it had', async () => {
    expect(await pass(written('blue', 0))).toEqual({ suspended: all('green'), resumed: [], left: [] });
    expect(await standing()).toEqual({ blue: RUNS, green: RESTS });
    expect(await pass(written('green', 2))).toEqual({ suspended: all('blue'), resumed: all('green'), left: [] });
    expect(await standing()).toEqual({ blue: RESTS, green: RUNS });
    expect(await pass(written('blue', 3))).toEqual({ suspended: all('green'), resumed: all('blue'), left: [] });
    expect(await standing()).toEqual({ blue: RUNS, green: RESTS });
    const { metadata } = await readWork(plane, shop, 'deployments', 'mailer-blue');
    expect(metadata.annotations).not.toHaveProperty([BEFORE_ANNOTATION]);
    expect(JSON.parse(metadata.annotations?.[WORK_FENCE_ANNOTATION] ?? '')).toEqual({ run: RUN, epoch: 1, step: 3 });
  });

  it('is written once by a pass that comes twice', async () => {
    await pass(written('blue', 0));
    const before = await readWork(plane, shop, 'cronjobs', 'report-green');
    expect(await pass(written('blue', 0))).toEqual({ suspended: [], resumed: [], left: [] });
    expect(await readWork(plane, shop, 'cronjobs', 'report-green')).toEqual(before);
  });

  it('goes on where a pass has ended in the middle, with nothing resumed before all is suspended', async () => {
    await pass(written('blue', 0));
    const order = written('green', 2);
    let permits = 0;
    const dying: ScheduledWorkOrder = {
      ...order,
      async permit() {
        permits += 1;
        if (permits === 2) throw new Error('the worker is gone');
      },
    };
    await expect(pass(dying)).rejects.toThrow('the worker is gone');
    const { blue, green } = await standing();
    expect(green).toEqual(RESTS);
    expect(blue).not.toEqual(RESTS);
    await pass(order);
    expect(await standing()).toEqual({ blue: RESTS, green: RUNS });
    await pass(written('blue', 3));
    expect(await standing()).toEqual({ blue: RUNS, green: RESTS });
  });

  it('leaves alone what belongs to no colour, to another service, and the two workloads themselves', async () => {
    const labels = { app: 'checkout', 'cutover.dev/active-only': 'true' };
    await addCronJob(plane, shop, 'colourless', labels);
    await addCronJob(plane, shop, 'other', { ...labels, app: 'billing', colour: 'green' });
    const own = { metadata: { labels: { 'cutover.dev/active-only': 'true' } }, spec: { replicas: 2 } };
    await editWork(plane, shop, 'deployments', 'checkout-green', own);
    await pass(written('blue', 0));
    for (const name of ['colourless', 'other']) {
      const { metadata, spec } = await readWork(plane, shop, 'cronjobs', name);
      expect([spec.suspend, metadata.annotations]).toEqual([false, undefined]);
    }
    const { metadata, spec } = await readWork(plane, shop, 'deployments', 'checkout-green');
    expect([spec.replicas, metadata.annotations?.[WORK_FENCE_ANNOTATION]]).toEqual([2, undefined]);
  });

  describe('that a person has touched', () => {
    it('stays suspended when it was so before, and is told of', async () => {
      await editWork(plane, shop, 'cronjobs', 'report-green', { spec: { suspend: true } });
      await editWork(plane, shop, 'deployments', 'mailer-green', { spec: { replicas: 0 } });
      await pass(written('blue', 0));
      const { left } = await pass(written('green', 2));
      expect(left).toEqual(['CronJob report-green', 'Deployment mailer-green']);
      expect(await workOf(plane, shop, 'green')).toEqual(['report: suspended', 'mailer: 0', 'ledger: 2']);
    });

    it('is suspended again when somebody has woken it on the standby colour, and keeps what it was before', async () => {
      await pass(written('blue', 0));
      await editWork(plane, shop, 'cronjobs', 'report-green', { spec: { suspend: false } });
      await editWork(plane, shop, 'deployments', 'mailer-green', { spec: { replicas: 7 } });
      await pass(written('blue', 1));
      expect(await workOf(plane, shop, 'green')).toEqual(RESTS);
      await pass(written('green', 2));
      expect(await workOf(plane, shop, 'green')).toEqual(RUNS);
    });

    it('has the size that somebody has woken it with, once it may run', async () => {
      await pass(written('blue', 0));
      await editWork(plane, shop, 'deployments', 'mailer-green', { spec: { replicas: 7 } });
      await pass(written('green', 2));
      expect(await workOf(plane, shop, 'green')).toEqual(['report: run', 'mailer: 7', 'ledger: 2']);
    });

    it('is refused when its annotation is no size', async () => {
      await pass(written('blue', 0));
      const metadata = { annotations: { [BEFORE_ANNOTATION]: 'three' } };
      await editWork(plane, shop, 'deployments', 'mailer-green', { metadata });
      await expect(pass(written('green', 2))).rejects.toMatchObject({
        code: 'CUTOVER_ROUTER_OBJECT',
        message: `the annotation ${BEFORE_ANNOTATION} of Deployment mailer-green is not what Cutover wrote: three`,
      });
    });

    it('is read again when it is written between the read and the write', async () => {
      const order = written('blue', 0);
      let edited = false;
      await pass({
        ...order,
        async permit(limit) {
          await order.permit(limit);
          if (edited) return;
          edited = true;
          await editWork(plane, shop, 'deployments', 'mailer-green', { spec: { replicas: 5 } });
        },
      });
      await pass(written('green', 2));
      expect(await workOf(plane, shop, 'green')).toEqual(['report: run', 'mailer: 5', 'ledger: 2']);
    });

    it('may be deleted in the middle of a pass', async () => {
      const order = written('blue', 0);
      await pass({
        ...order,
        async permit(limit) {
          await order.permit(limit);
          await plane.api('DELETE', workPath(shop, 'cronjobs', 'report-blue')).catch(() => undefined);
        },
      });
      expect(await workOf(plane, shop, 'green')).toEqual(RESTS);
    });
  });

  describe('and a writer that comes late', () => {
    /** Begins a pass, which freezes right before its nth write; `wake` lets it go on. */
    function frozenAt(nth: number, order: ScheduledWorkOrder) {
      let permits = 0;
      let wake = () => {};
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      let freeze = () => {};
      const frozen = new Promise<void>((resolve) => {
        freeze = resolve;
      });
      const ended = pass({
        ...order,
        async permit(limit) {
          await order.permit(limit);
          permits += 1;
          if (permits < nth) return;
          freeze();
          await woken;
        },
      });
      ended.catch(() => undefined);
      return { frozen, wake, ended };
    }

    it.each([1, 2, 4, 6])('changes nothing after the rollback: frozen right before its write %i', async (nth) => {
      await pass(written('blue', 0));
      const late = frozenAt(nth, written('green', 2));
      await late.frozen;
      await pass(written('blue', 3));
      expect(await standing()).toEqual({ blue: RUNS, green: RESTS });
      late.wake();
      await expect(late.ended).rejects.toMatchObject({ code: 'CUTOVER_FENCE_SUPERSEDED' });
      expect(await standing()).toEqual({ blue: RUNS, green: RESTS });
    });

    it('changes nothing after the next deployment’s claim, though that found all as it should be', async () => {
      await pass(written('green', 2));
      await pass(written('blue', 3));
      const late = frozenAt(1, written('green', 4));
      await late.frozen;
      // Somebody has put the traffic back, and the next deployment has claimed what it found.
      await pass(written('blue', 0, 2));
      late.wake();
      await expect(late.ended).rejects.toMatchObject({ code: 'CUTOVER_FENCE_SUPERSEDED' });
      expect(await standing()).toEqual({ blue: RUNS, green: RESTS });
    });

    it('stops when the router holds other weights, another claim, or a later step', async () => {
      const order = written('green', 2);
      stored = { ...stored, weights: { blue: 100, green: 0 } };
      await expect(pass(order)).rejects.toThrow('the router holds blue 100 %, green 0 %');
      written('blue', 3);
      await expect(pass(order)).rejects.toThrow('the router was written at step 3 since');
      written('green', 0, 2);
      await expect(pass(order)).rejects.toThrow('another deployment has claimed the router');
      expect(await standing()).toEqual({ blue: RUNS, green: RUNS });
    });

    it('is no match for a router that was made anew, whose epochs begin again', async () => {
      await pass(written('blue', 0, 7));
      await pass(written('green', 1, 1));
      expect(await standing()).toEqual({ blue: RESTS, green: RUNS });
    });
  });

  it('of KEDA is paused at its ScaledObject', async () => {
    await defineResource(plane, SCALED_OBJECT);
    const path = workPath(shop, 'scaledobjects');
    for (const [colour, paused] of [
      ['blue', undefined],
      ['green', '4'],
    ] as const) {
      await plane.api('POST', path, {
        ...{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject' },
        metadata: {
          name: `queue-${colour}`,
          labels: { app: 'checkout', 'cutover.dev/active-only': 'true', colour },
          ...(paused !== undefined && { annotations: { [PAUSED]: paused } }),
        },
        spec: { minReplicaCount: 1 },
      });
    }
    const paused = async (colour: Colour) =>
      (await readWork(plane, shop, 'scaledobjects', `queue-${colour}`)).metadata.annotations?.[PAUSED];
    expect((await pass(written('blue', 0))).suspended).toContain('ScaledObject queue-green');
    expect([await paused('blue'), await paused('green')]).toEqual([undefined, '0']);
    await pass(written('green', 2));
    expect([await paused('blue'), await paused('green')]).toEqual(['0', '4']);
    await pass(written('blue', 3));
    expect([await paused('blue'), await paused('green')]).toEqual([undefined, '0']);
  });
});
