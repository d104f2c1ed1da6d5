import { describe, expect, it } from 'vitest';
import { requestsOf, scaledKindOf } from '../../../src/direct/kubernetes/requests.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { testPlan } from '../../support/plans.ts';

function asked(changes: Partial<Plan>): string[] {
  return requestsOf(testPlan(changes)).map(
    ({ context, namespace, verb, resource, name }) => `${context} ${namespace}: ${verb} ${resource} ${name}`,
  );
}

describe('what a plan asks of Kubernetes', () => {
  it('is nothing when neither platform nor router is there', () => {
    expect(asked({})).toEqual([]);
  });

  it('is asked where the plan says, each object by its name', () => {
    const platform = { kind: 'kubernetes', context: 'eu', namespace: 'shop' } as const;
    const router = { kind: 'istio', virtual_service: 'front', namespace: 'edge' } as const;
    const all = asked({ platform, router });
    expect(all).toContain('eu shop: patch deployments checkout-blue');
    expect(all).toContain('eu shop: get deployments checkout-green');
    expect(all).toContain('eu edge: patch virtualservices front');
    expect(all).not.toContain('eu shop: patch statefulsets checkout-blue');
  });

  it('is the workload’s scale, too, where its kind is the plan’s own', () => {
    const workload = 'argoproj.io/v1alpha1/Rollout';
    const plan = testPlan({ platform: { kind: 'kubernetes', workload } });
    const kind = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout' };
    expect(scaledKindOf(plan)).toEqual(kind);
    expect(scaledKindOf(testPlan({ platform: { kind: 'kubernetes', workload: 'StatefulSet' } }))).toBeNull();
    const own = requestsOf(plan, { ...kind, plural: 'rollouts' })
      .filter(({ group, name }) => group === 'argoproj.io' && name === 'checkout-blue')
      .map(({ verb, resource }) => `${verb} ${resource}`);
    expect(own).toEqual([
      ...['get', 'list', 'watch', 'patch'].map((verb) => `${verb} rollouts`),
      ...['get', 'patch'].map((verb) => `${verb} rollouts/scale`),
    ]);
  });

  it('is the router’s alone where the platform is elsewhere', () => {
    expect(asked({ router: { kind: 'traefik', service: 'front' } })).toEqual(
      ['get', 'list', 'watch', 'patch'].map((verb) => `null default: ${verb} traefikservices front`),
    );
  });

  it('is of an Ingress both it and its canary, which may have to be made', () => {
    expect(asked({ router: { kind: 'ingress_nginx', ingress: 'shop', namespace: 'edge' } })).toEqual([
      'null edge: list ingresses null',
      'null edge: watch ingresses null',
      'null edge: create ingresses null',
      'null edge: patch ingresses shop',
      'null edge: patch ingresses shop-canary',
      'null edge: list endpointslices null',
    ]);
  });

  it('is about CronJobs and consumers only where the plan has work that one colour runs alone', () => {
    const rights = (settings: object) => asked({ platform: { kind: 'kubernetes', namespace: 'shop', ...settings } });
    const more = rights({ active_only: 'only=active' }).filter((one) => !rights({}).includes(one));
    expect(more).toEqual([
      ...['list', 'get', 'patch'].map((verb) => `null shop: ${verb} cronjobs null`),
      ...['list', 'get', 'patch'].map((verb) => `null shop: ${verb} deployments null`),
      ...['list', 'get', 'patch'].map((verb) => `null shop: ${verb} statefulsets null`),
      'null shop: list scaledobjects null',
    ]);
  });

  it('can do without parity’s rights unless the plan requires parity', () => {
    const secrets = (require_parity: boolean) =>
      requestsOf(testPlan({ platform: { kind: 'kubernetes' }, require_parity })).find(
        ({ resource }) => resource === 'secrets',
      )?.otherwise;
    expect(secrets(false)).toContain('cannot be compared');
    expect(secrets(true)).toBeNull();
  });
});
