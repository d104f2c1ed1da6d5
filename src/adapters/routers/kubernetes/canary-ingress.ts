/**
 * ingress-nginx's canary: an Ingress beside a main one, which takes a share of the requests to the hosts and paths that both
 * have. Pure. What is relied on of the controller:
 * - `canary-weight` of `canary-weight-total` requests, which is 100 unless it is more. There is one canary for each path.
 * - A canary whose Service is the main one's takes nothing.
 * - Of Ingresses that name the same Service and port the oldest decides what it is: named by a canary first it is no main
 *   backend, named by another first it has no weight.
 * - Where a Service is no longer named by any Ingress, or not yet known, its requests are answered with 503 while NGINX
 *   reloads. So the canary always names both, under a host that nobody has.
 * - The path of a main backend under such a host becomes one of the default server, with the canary's own annotations: here,
 *   that nobody is let in.
 *
 * Where all traffic is the main Ingress's own the canary has no host or path of it, so it is in charge of nothing. (With
 * `canary: "false"` it would be a second Ingress of the same paths, which the controller's admission refuses. With the
 * weight 0 alone, sessions that a cookie holds would stay on the other colour.)
 */
import type { V1Ingress } from '@kubernetes/client-node';
import type { Colour, Weights } from '../../../plan/types.ts';
import { otherColour } from '../../../plan/weights.ts';
import { FIELD_MANAGER } from '../../kubernetes/api.ts';
import { owns, timesOf } from './fence-annotation.ts';
import { colourOf, colourRules, keptRule, type Services } from './ingress-rules.ts';
import { numbersOf, sharesOf } from './weighted.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';
const CANARY = `${PREFIX}/canary`;
const WEIGHT = `${PREFIX}/canary-weight`;
const TOTAL = `${PREFIX}/canary-weight-total`;
const LEAST_TOTAL = 100;
const ALLOWED = `${PREFIX}/whitelist-source-range`;
const NOBODY = '127.0.0.1/32';
/** How requests are spread over the pods of a Service: all that a canary does not inherit from the main one. */
const SPREADING = [
  ...['load-balance', 'service-upstream', 'affinity-canary-behavior'],
  ...['upstream-hash-by', 'upstream-hash-by-subset', 'upstream-hash-by-subset-size'],
].map((key) => `${PREFIX}/${key}`);
/** Of before IngressClasses, and still obeyed. */
const CLASS = 'kubernetes.io/ingress.class';

/** The colour that the main Ingress is to name: a part of the traffic leaves it where it is. */
export function mainFor(weights: Weights, now: Colour): Colour {
  if (weights.blue === 100) return 'blue';
  return weights.green === 100 ? 'green' : now;
}

/** As written; null: the cluster's default. */
export function classOf({ metadata, spec }: V1Ingress): string | null {
  return spec?.ingressClassName ?? metadata?.annotations?.[CLASS] ?? null;
}

export function isCanary({ metadata }: V1Ingress): boolean {
  return ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(metadata?.annotations?.[CANARY] ?? '');
}

/** What requests that no header or cookie chooses for are given, with a main Ingress on `main`. */
export function weightsWith(main: Colour, canary: V1Ingress | null, services: Services, name: string): Weights {
  const all = { blue: main === 'blue' ? 100 : 0, green: main === 'green' ? 100 : 0 };
  if (canary === null || !isCanary(canary) || colourOf(canary, services, name) !== otherColour(main)) return all;
  const total = Math.max(LEAST_TOTAL, numberIn(canary, TOTAL));
  const weight = Math.min(total, Math.max(0, numberIn(canary, WEIGHT)));
  const [its, rest] = [weight, total - weight];
  return sharesOf(main === 'blue' ? { blue: rest, green: its } : { blue: its, green: rest }) ?? all;
}

function numberIn({ metadata }: V1Ingress, key: string): number {
  const text = metadata?.annotations?.[key] ?? '';
  return /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}

/**
 * What is applied for `weights`, beside a main Ingress that names `on`; without the fence. Whole percents are of 100, all
 * that old controllers know.
 */
export function canaryFor(main: V1Ingress, on: Colour, name: string, weights: Weights, services: Services): V1Ingress {
  const { namespace = '', uid = '', annotations = {} } = main.metadata ?? {};
  const numbers = numbersOf(weights);
  const other = otherColour(on);
  const shared = weights[other] === 0 ? [] : colourRules(main, other, services);
  const taken = [CLASS, ...SPREADING].filter((key) => annotations[key] !== undefined);
  const { ingressClassName } = main.spec ?? {};
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace,
      annotations: {
        [CANARY]: 'true',
        [WEIGHT]: String(numbers[other]),
        [TOTAL]: String(numbers.blue + numbers.green),
        [ALLOWED]: NOBODY,
        ...Object.fromEntries(taken.map((key) => [key, annotations[key] ?? ''])),
      },
      // It goes with the main one: beside a younger one it would be in the way.
      ownerReferences: [
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          name: main.metadata?.name ?? '',
          uid,
          controller: false,
        },
      ],
    },
    spec: {
      ...(ingressClassName === undefined ? {} : { ingressClassName }),
      rules: [...shared, keptRule(main, services)],
    },
  };
}

const DECIDING = [['f:spec', 'f:rules'], ...[CANARY, WEIGHT, TOTAL].map(annotationField)];

function annotationField(key: string): string[] {
  return ['f:metadata', 'f:annotations', `f:${key}`];
}

/**
 * What decides traffic, such that a write by anybody else changes it: Cutover applies these fields, and loses them to whoever
 * changes them. Then, and before, the others' times count.
 */
export function canaryFingerprint(canary: V1Ingress | null): string {
  if (canary === null) return 'no canary';
  const { managedFields = [] } = canary.metadata ?? {};
  const isOwn = (fields: string[]) =>
    managedFields.some((entry) => entry.manager === FIELD_MANAGER && owns(entry, fields));
  if (DECIDING.every(isOwn)) return appliedFingerprint(canary);
  const owners = managedFields.filter((entry) => DECIDING.some((fields) => owns(entry, fields)));
  return [appliedFingerprint(canary), ...timesOf(owners)].join(', ');
}

/** What `canaryFingerprint` says of it once Cutover has applied it. */
export function appliedFingerprint({ metadata }: V1Ingress): string {
  const values = [CANARY, WEIGHT, TOTAL].map((key) => metadata?.annotations?.[key] ?? '');
  return `canary ${values.join('/')}`;
}
