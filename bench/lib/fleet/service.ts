/** One service of the fleet: its router's state by the local program's own rules, and its counters by the clock. */

import type { Fence, RouterState, WriteResult } from '../../../src/adapters/types.ts';
import type { ColourRequest, ServiceView } from '../../../src/local/api.ts';
import { decideWrite } from '../../../src/local/fence.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import type { Counts } from './page.ts';

/** Requests per second of a service, both colours together. */
const PER_SECOND = 50;
/** Of those on a broken candidate, percent. */
const BROKEN = 50;

export interface Fate {
  service: string;
  /** When its candidate began to fail. */
  broken_ms: number | null;
  /** When all traffic was taken off its candidate. */
  back_ms: number | null;
}

export type FleetService = ReturnType<typeof createFleetService>;

/** All traffic on blue, which runs 1.0.0 in two instances. */
export function createFleetService(service: string) {
  let router: RouterState = {
    ...{ weights: { blue: 100, green: 0 }, revision: '1', fence: null, fenced_revision: null, before: null },
  };
  let revisions = 1;
  const deployed: Record<Colour, ColourRequest | null> = { blue: { version: '1.0.0', replicas: 2 }, green: null };
  /** Fractions count, too, so that no request is lost between two looks. */
  const counts: Record<Colour, Counts> = { blue: { good: 0, bad: 0 }, green: { good: 0, bad: 0 } };
  let countedMs = Date.now();
  let brokenMs: number | null = null;
  let backMs: number | null = null;

  function count(): Record<Colour, Counts> {
    const nowMs = Date.now();
    const requests = (PER_SECOND * (nowMs - countedMs)) / 1_000;
    countedMs = nowMs;
    for (const colour of ['blue', 'green'] as const) {
      const came = (requests * router.weights[colour]) / 100;
      const bad = brokenMs !== null && colour === 'green' ? (came * BROKEN) / 100 : 0;
      counts[colour].good += came - bad;
      counts[colour].bad += bad;
    }
    return counts;
  }

  function colourView(colour: Colour): ServiceView['colours'][Colour] {
    const { version = null, replicas = 0 } = deployed[colour] ?? {};
    const instances = Array.from({ length: replicas }, (_, index) => ({
      ...{ id: `${colour}-${index}`, url: null, ready: true, reason: null, version: version ?? '', pid: null },
      ...{ phase: 'ready' as const, in_flight: 0 },
    }));
    return { colour, version, desired: replicas, ready: replicas, instances, launch: null };
  }

  const routerView = () => ({ ...router, in_flight: { blue: 0, green: 0 } });

  return {
    /** Whole requests, as a counter shows them. */
    shown(): Record<Colour, Counts> {
      const { blue, green } = count();
      const whole = ({ good, bad }: Counts) => ({ good: Math.floor(good), bad: Math.floor(bad) });
      return { blue: whole(blue), green: whole(green) };
    },
    /** Epoch milliseconds of what happened to it; null: nothing did. */
    fate: (): Fate => ({ service, broken_ms: brokenMs, back_ms: backMs }),
    /** From now on half of what reaches green fails. */
    break(): void {
      count();
      brokenMs = Date.now();
    },
    view(): ServiceView {
      return {
        service,
        definition: {
          ...{ command: ['none'], cwd: null, env: {}, health_path: '/health', public_port: 0, drain_timeout_ms: 0 },
          sticky: false,
        },
        public_url: '',
        listening: true,
        colours: { blue: colourView('blue'), green: colourView('green') },
        router: routerView(),
      };
    },
    deploy(colour: Colour, { version, replicas }: ColourRequest) {
      deployed[colour] = { version, replicas };
      return colourView(colour);
    },
    routerView,
    write(weights: Weights | null, fence: Fence | null, expectedRevision: string): WriteResult {
      count();
      const decision = decideWrite(router, { weights, fence, expectedRevision, newRevision: String(revisions + 1) });
      if (decision.kind !== 'write') return { kind: decision.kind, state: routerView() };
      revisions += 1;
      const isBack = router.weights.green > 0 && decision.next.weights.green === 0;
      backMs = isBack ? Date.now() : backMs;
      router = decision.next;
      return { kind: 'written', state: routerView() };
    },
  };
}
