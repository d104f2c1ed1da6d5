/** The two colours and the router, with time: instances that start, traffic that follows, and a record of every write. */

import type { ShiftInput } from '../../../src/activities/types.ts';
import type { Adapters } from '../../../src/adapters/registry.ts';
import type {
  ColourState,
  Fence,
  Platform,
  RouterState,
  TrafficRouter,
  WriteResult,
} from '../../../src/adapters/types.ts';
import { decideWrite, type WriteOffer } from '../../../src/local/fence.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import { createWorld, type World, worldAdapters } from '../world/world.ts';
import type { Attempt } from './attempt.ts';
import type { VirtualTime } from './clock.ts';
import type { Scenario } from './scenario.ts';

/** A change of the weights. */
export interface Write {
  atMs: number;
  weights: Weights;
  /** What stood right before. */
  over: RouterState;
  /** Null: somebody else's, past every fence. */
  fence: Fence | null;
  /** Null: not a run's own. */
  by: { input: ShiftInput; reads: Reads } | null;
}

/** What the writer had read of the colours in the same attempt; null: it could not be read. */
export type Reads = Partial<Record<Colour, ColourState | null>>;

export interface ModelWorld {
  readonly base: World;
  readonly writes: Write[];
  /** The adapters as one attempt uses them; `frozenMs`: asleep so long right before its traffic write. */
  adapters(attempt: Attempt | null, frozenMs: number): Adapters;
  /** Somebody else writes. */
  write(weights: Weights, fence: Fence | null): void;
  /** Everything works again. */
  heal(): void;
}

const signal = new AbortController().signal;

export function createModelWorld(time: VirtualTime, scenario: Scenario): ModelWorld {
  const base = createWorld('blue', scenario.size);
  const writes: Write[] = [];
  let readyDelayMs = scenario.readyDelayMs;
  let followedFromMs = 0;

  function noted(write: Write): void {
    writes.push(write);
    const slow = scenario.convergence.find(({ nth }) => nth === writes.length);
    followedFromMs = time.now() + (slow?.ms ?? 0);
  }

  function platform(inner: Platform, reads: Reads): Platform {
    async function sized(colour: Colour, change: () => Promise<void>): Promise<void> {
      const model = base.colours[colour];
      const { ready: before, version } = model;
      await change();
      if (readyDelayMs === 0 || model.ready <= before) return;
      // Instances of another version are not ready instances of the one asked for.
      model.ready = version === model.version ? before : 0;
      time.after(readyDelayMs, () => {
        model.ready = Math.min(model.desired, base.readyLimit ?? model.desired);
      });
    }
    return {
      ...inner,
      async inspect(colour, signal) {
        reads[colour] = null;
        const state = await inner.inspect(colour, signal);
        reads[colour] = state;
        return state;
      },
      deploy: (colour, version, size, signal) => sized(colour, () => inner.deploy(colour, version, size, signal)),
      scale: (colour, size, signal) => sized(colour, () => inner.scale(colour, size, signal)),
    };
  }

  /** By the rules of the local router itself, in one step: of two writers in one instant the second meets the first's write. */
  function decided(offer: Omit<WriteOffer, 'newRevision'>, by: Write['by']): WriteResult {
    const over = structuredClone(base.router);
    const newRevision = String(Number(over.revision) + 1);
    const decision = decideWrite(over, { ...offer, newRevision });
    if (decision.kind !== 'write') return { kind: decision.kind, state: over };
    base.router = decision.next;
    if (offer.weights !== null) noted({ atMs: time.now(), weights: offer.weights, over, fence: offer.fence, by });
    return { kind: 'written', state: structuredClone(decision.next) };
  }

  /** Throws while the router does not answer. */
  async function reached(inner: TrafficRouter): Promise<void> {
    await inner.read(signal);
  }

  function router(inner: TrafficRouter, reads: Reads, attempt: Attempt | null, frozenMs: number): TrafficRouter {
    return {
      ...inner,
      async claim(expectedRevision, fence) {
        await reached(inner);
        return decided({ weights: null, fence, expectedRevision }, null);
      },
      async shift({ weights, fence, expected_revision: expectedRevision }) {
        if (attempt !== null && frozenMs > 0) await attempt.sleep(frozenMs);
        const input = attempt?.args[0] as ShiftInput;
        await reached(inner);
        return decided({ weights, fence, expectedRevision }, { input, reads: { ...reads } });
      },
      async convergence(weights, signal) {
        const seen = await inner.convergence(weights, signal);
        return { ...seen, converged: seen.converged && time.now() >= followedFromMs };
      },
    };
  }

  return {
    base,
    writes,
    adapters(attempt, frozenMs) {
      const reads: Reads = {};
      const inner = worldAdapters(base);
      return {
        ...inner,
        platform: (target) => platform(inner.platform(target), reads),
        router: (target) => router(inner.router(target), reads, attempt, frozenMs),
      };
    },
    write(weights, fence) {
      const over = structuredClone(base.router);
      const revision = String(Number(over.revision) + 1);
      base.router = { ...over, weights, revision, ...(fence !== null && { fence, fenced_revision: revision }) };
      if (fence !== null && fence.epoch > (over.fence?.epoch ?? 0)) base.router.before = over.weights;
      noted({ atMs: time.now(), weights, over, fence, by: null });
    },
    heal() {
      readyDelayMs = 0;
      followedFromMs = 0;
      base.routerDown = false;
      base.readyLimit = null;
      for (const model of Object.values(base.colours)) {
        model.unreadable = false;
        model.ready = model.desired;
      }
    },
  };
}
