/** The model server for tests that say what befalls one deployment. */
import { afterAll, beforeAll } from 'vitest';
import type { DeploymentStatus, PhaseName, PhaseStatus } from '../../../src/workflows/api.ts';
import { workflowBundle } from '../temporal.ts';
import type { Scheduled } from './attempt.ts';
import { createEngine, type Engine } from './engine.ts';
import { APPROVER } from './plan-of.ts';
import { type Played, type PlayOptions, play } from './play.ts';
import type { Act, PlanChoice, Scenario, When } from './scenario.ts';

/** A health check at 5 %, an instant switch, an observation and a lease, each of some seconds. */
const PLAIN: PlanChoice = {
  strategy: 'instant',
  warmup: false,
  healthShare: 5,
  performanceShare: null,
  smoke: false,
  approval: 'none',
  windowMs: 12_000,
  observationMs: 15_000,
  leaseMs: 20_000,
  shrinkToPercent: null,
  validationPercent: 100,
  circuitBreak: false,
  hooks: [],
  safeUntil: null,
  onNoData: 'hold',
  baseline: false,
  requireParity: false,
  versioned: false,
};

const UNDISTURBED: Scenario = {
  seed: 1,
  plan: PLAIN,
  size: 4,
  // What one task schedules has begun before the next: watchers can be counted.
  taskDelaysMs: [1],
  cancelDelaysMs: [],
  readyDelayMs: 0,
  convergence: [],
  faults: [],
  watchers: [],
  others: [],
  events: [],
  approvalAfterMs: null,
};

type Changes = Partial<Omit<Scenario, 'plan'>> & { plan?: Partial<PlanChoice>; changes?: PlayOptions['changes'] };

export interface Ended extends Played {
  /** Of the last run of the chain. */
  status: DeploymentStatus;
  /** The candidate's share after each change of the weights. */
  shares: number[];
  /** Every activity that was scheduled, in order. */
  scheduled: Scheduled[];
}

/** Call it at the top of a test file. The function that is returned plays a deployment, and throws when an invariant broke. */
export function useModel(): (changes: Changes) => Promise<Ended> {
  let engine: Engine | undefined;
  beforeAll(async () => {
    engine = await createEngine((await workflowBundle()).code);
  });
  afterAll(() => engine?.stop());
  return async ({ plan, changes = {}, ...others }) => {
    if (engine === undefined) throw new Error('the engine is started before the first test');
    const scheduled: Scheduled[] = [];
    const scenario = { ...UNDISTURBED, ...others, plan: { ...PLAIN, ...plan } };
    const played = await play(engine, scenario, { changes, onTurn: (turn) => scheduled.push(...turn.scheduled) });
    const status = played.statuses.at(-1);
    if (played.problems.length > 0 || status === undefined) throw new Error(played.problems.join('\n'));
    return { ...played, status, scheduled, shares: played.world.writes.map(({ weights }) => weights.green) };
  };
}

/** An update from the approver. */
export function send(name: Extract<Act, { kind: 'message' }>['name'], payload: object = {}): Act {
  return { kind: 'message', name, via: 'update', payload: { by: APPROVER, ...payload } };
}

export function inPhase(phase: Extract<When, { phase: unknown }>['phase'], afterMs: number, act: Act) {
  return { when: { phase, afterMs }, act };
}

export function phaseOf({ phases }: DeploymentStatus, name: PhaseName): PhaseStatus {
  const phase = phases.find((one) => one.name === name);
  if (phase === undefined) throw new Error(`there is no phase ${name}`);
  return phase;
}

/** Virtual milliseconds. */
export function tookMs(status: DeploymentStatus, name: PhaseName): number {
  const { started_at, ended_at } = phaseOf(status, name);
  return Date.parse(ended_at ?? '') - Date.parse(started_at ?? '');
}
