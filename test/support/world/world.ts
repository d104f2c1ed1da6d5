/**
 * A model of two colours and a router, behind the real adapter interfaces: the real mutation activities run on it, so
 * that workflow tests meet the same fences, capacity reads and refusals as production.
 */
import type { Adapters } from '../../../src/adapters/registry.ts';
import {
  type ColourState,
  DIRECT_STEP,
  type Exposed,
  type Fence,
  type LeastSize,
  type Platform,
  type RouterState,
  type ScheduledWorkOrder,
  type TrafficRouter,
  type WriteResult,
} from '../../../src/adapters/types.ts';
import { CutoverError } from '../../../src/errors.ts';
import type { Colour, Weights } from '../../../src/plan/types.ts';
import { otherColour } from '../../../src/plan/weights.ts';
import type { ParityDifference } from '../../../src/workflows/api.ts';

export interface ModelColour {
  version: string | null;
  desired: number;
  ready: number;
  /** Reading its state fails. */
  unreadable: boolean;
}

/** What only one colour may run. */
export interface ModelWork {
  runs: Record<Colour, boolean>;
  /** Where it was let run, in order, each once. */
  moves: Colour[];
  /** Of the last write; another object for every write. */
  written: Record<Colour, Fence | null>;
  /** Told as suspended before Cutover came. */
  left: string[];
  /** Called before each pass; throws when it cannot be done. */
  beforePass: (() => Promise<void> | void) | null;
}

export interface World {
  work: ModelWork;
  colours: Record<Colour, ModelColour>;
  router: RouterState;
  /** Every change of the weights, in order, with its writer's fence (null: foreign). */
  writes: { weights: Weights; fence: Fence | null; expose?: Exposed }[];
  /** Epochs whose claims were released. */
  released: number[];
  /** The router does not answer. */
  routerDown: boolean;
  /** Instances that become ready after deploy and scale; null: as many as asked for. */
  readyLimit: number | null;
  /** Called after each fenced write, for tests in which somebody else interferes. */
  afterWrite: (() => void) | null;
  /** Called before each write, in the activity; for writes that half happen. */
  beforeWrite: (() => Promise<void>) | null;
  /** What the colours differ in; null: nothing to compare. */
  differences: ParityDifference[] | null;
  /** Fewer instances of a kept colour the platform does not want. */
  leastKept: LeastSize | null;
  violations: string[];
}

export function createWorld(active: Colour = 'blue', size = 4): World {
  const colour = (version: string | null, count: number): ModelColour => ({
    version,
    desired: count,
    ready: count,
    unreadable: false,
  });
  return {
    work: {
      runs: { blue: true, green: true },
      moves: [],
      written: { blue: null, green: null },
      left: [],
      beforePass: null,
    },
    colours: {
      blue: active === 'blue' ? colour('1.0.0', size) : colour(null, 0),
      green: active === 'green' ? colour('1.0.0', size) : colour(null, 0),
    },
    router: {
      weights: { blue: active === 'blue' ? 100 : 0, green: active === 'green' ? 100 : 0 },
      revision: '1',
      fence: null,
      fenced_revision: null,
      before: null,
    },
    writes: [],
    released: [],
    routerDown: false,
    readyLimit: null,
    afterWrite: null,
    beforeWrite: null,
    differences: [],
    leastKept: null,
    violations: [],
  };
}

/** Somebody else writes, past every fence. */
export function foreignWrite(world: World, weights: Weights): void {
  world.router = { ...world.router, weights, revision: String(Number(world.router.revision) + 1) };
  world.writes.push({ weights, fence: null });
}

/** What `rollback --direct` leaves behind: all on blue, under the run's own fence, past every step of it. */
export function directRollback(world: World): void {
  const { fence } = world.router;
  if (fence === null) throw new Error('the router is not claimed');
  world.router = {
    ...world.router,
    weights: { blue: 100, green: 0 },
    revision: '88',
    fence: { ...fence, step: DIRECT_STEP + 1 },
    fenced_revision: '88',
  };
}

export function worldAdapters(world: World): Adapters {
  return {
    platform: () => modelPlatform(world),
    router: () => modelRouter(world),
    metrics: () => {
      throw new Error('the model has no metrics: watchers are scripted');
    },
    notifiers: () => [],
  };
}

function modelPlatform(world: World): Platform {
  const setSize = (colour: Colour, size: number) => {
    const model = world.colours[colour];
    if (size < model.desired && world.router.weights[colour] > 0)
      world.violations.push(`${colour} shrunk under traffic`);
    model.desired = size;
    model.ready = Math.min(size, world.readyLimit ?? size);
  };
  return {
    async inspect(colour): Promise<ColourState> {
      const { version, desired, ready, unreadable } = world.colours[colour];
      if (unreadable) throw new CutoverError('CUTOVER_PLATFORM_UNREACHABLE', `${colour} cannot be read`);
      return { colour, version, desired, ready, instances: [] };
    },
    compare: async () => world.differences,
    leastKept: async () => world.leastKept,
    async deploy(colour, version, size) {
      const changes = world.colours[colour].version !== version;
      if (changes && world.router.weights[colour] > 0) world.violations.push(`${colour} changed under traffic`);
      world.colours[colour].version = version;
      setSize(colour, size);
    },
    scale: async (colour, size) => setSize(colour, size),
    remove: async (colour) => setSize(colour, 0),
    async moveScheduledWork(order, signal) {
      await world.work.beforePass?.();
      await writeWork(world, otherColour(order.active), order, signal);
      await writeWork(world, order.active, order, signal);
      return { suspended: [], resumed: [], left: world.work.left };
    },
  };
}

/** One object of the colour, written as the contract says: conditional on what was read before the permit. */
async function writeWork(
  world: World,
  colour: Colour,
  { active, fence, permit }: ScheduledWorkOrder,
  signal: AbortSignal,
): Promise<void> {
  const { work } = world;
  for (;;) {
    const read = work.written[colour];
    await permit(signal);
    if (work.written[colour] !== read) continue;
    work.written[colour] = { ...fence };
    work.runs[colour] = colour === active;
    if (work.runs.blue && work.runs.green && colour === active) {
      world.violations.push('both colours run what only one may');
    }
    if (colour === active && work.moves.at(-1) !== active) work.moves.push(active);
    return;
  }
}

function modelRouter(world: World): TrafficRouter {
  const answer = (kind: WriteResult['kind']): WriteResult => ({ kind, state: structuredClone(world.router) });
  const up = () => {
    if (world.routerDown) throw new CutoverError('CUTOVER_ROUTER_UNREACHABLE', 'the router does not answer');
  };
  return {
    async read() {
      up();
      return structuredClone(world.router);
    },
    async claim(expected_revision, fence) {
      up();
      await world.beforeWrite?.();
      const stored = world.router.fence;
      if (stored !== null && stored.run === fence.run && stored.epoch === fence.epoch) return answer('already');
      if (stored !== null && stored.epoch >= fence.epoch) return answer('superseded');
      if (world.router.revision !== expected_revision) return answer('conflict');
      commit(world, world.router.weights, fence);
      world.router.before = world.router.weights;
      return answer('written');
    },
    async shift({ weights, expose, expected_revision, fence }) {
      up();
      await world.beforeWrite?.();
      const order = compare(world.router.fence, fence);
      if (order > 0) return answer('superseded');
      if (order === 0) return answer('already');
      if (world.router.revision !== expected_revision) return answer('conflict');
      for (const colour of ['blue', 'green'] as const) {
        if (weights[colour] > 0 && world.colours[colour].ready === 0)
          world.violations.push(`${colour} got traffic unready`);
      }
      commit(world, weights, fence);
      delete world.router.exposed;
      if (expose !== undefined) world.router.exposed = expose;
      world.writes.push({ weights, fence, ...(expose === undefined ? {} : { expose }) });
      world.afterWrite?.();
      return answer('written');
    },
    async convergence(weights) {
      up();
      const converged = world.router.weights.blue === weights.blue;
      return { converged, in_flight: { blue: 0, green: 0 }, detail: '', state: structuredClone(world.router) };
    },
    async release({ run, epoch }) {
      up();
      const stored = world.router.fence;
      if (stored?.run === run && stored.epoch === epoch) world.released.push(epoch);
    },
  };
}

function commit(world: World, weights: Weights, fence: Fence): void {
  const revision = String(Number(world.router.revision) + 1);
  world.router = { ...world.router, weights, revision, fence, fenced_revision: revision };
}

function compare(stored: Fence | null, offered: Fence): number {
  if (stored === null) return -1;
  return stored.epoch - offered.epoch || stored.step - offered.step;
}
