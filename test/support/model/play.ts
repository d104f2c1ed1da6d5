/** Plays one scenario from the start of a deployment to its end, and tells what held and what did not. */
import type { Plan } from '../../../src/plan/types.ts';
import type { DeploymentStatus } from '../../../src/workflows/api.ts';
import { deploymentWorkflowId, WORKFLOW_TYPE } from '../../../src/workflows/api.ts';
import { createActors } from './actors.ts';
import { createCast } from './cast.ts';
import { createVirtualTime, type VirtualTime } from './clock.ts';
import { createCues } from './cues.ts';
import type { Engine } from './engine.ts';
import { checkers } from './invariants.ts';
import { createModelWorld, type ModelWorld } from './model-world.ts';
import { createObserver, type Observer } from './observer.ts';
import { answerAsPeople } from './people.ts';
import { APPROVER, planOf } from './plan-of.ts';
import type { Act, Scenario } from './scenario.ts';
import { type Closed, createServer, type ModelServer, type UpdateState } from './server.ts';
import type { Turn } from './workflow-run.ts';

const START_MS = Date.UTC(2030, 0, 1);
/** Until then anything may happen, and an outage may last; from then on nothing fails, and people answer. */
const TROUBLE_MS = 600_000;
const ANSWER_EVERY_MS = 20_000;
/** Bound of the time that a run may take once all is well; a window that nobody watched is made up for beside it. */
const CALM_MS = 3_600_000;
/** A run that does more than this is going round in circles. */
const MAX_EVENTS = 20_000;

export interface Played {
  problems: string[];
  closed: Closed | null;
  /** The last status of every run of the chain. */
  statuses: DeploymentStatus[];
  world: ModelWorld;
  /** In the order in which they were sent. */
  updates: UpdateState[];
}

export interface PlayOptions {
  /** Called with every activation, in order. */
  onTurn?: (turn: Turn) => void;
  /** What the first deployment's plan has beyond the scenario's choice. */
  changes?: Partial<Plan>;
}

interface Stage {
  scenario: Scenario;
  time: VirtualTime;
  world: ModelWorld;
  server: ModelServer;
  observer: Observer;
  /** Ends all trouble. */
  calm(): void;
}

export async function play(engine: Engine, scenario: Scenario, options: PlayOptions = {}): Promise<Played> {
  const wallClock = Date.now;
  const time = createVirtualTime(START_MS, scenario.seed);
  // Activities compare their deadline with it.
  Date.now = time.now;
  const stage = createStage(engine, scenario, time, options);
  const { server, observer, world } = stage;
  try {
    await perform(stage);
  } catch (error) {
    observer.problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    await server.evict();
    Date.now = wallClock;
  }
  const updates = [...server.updates.values()];
  return { problems: observer.problems, closed: server.closed, statuses: observer.statuses, world, updates };
}

function createStage(engine: Engine, scenario: Scenario, time: VirtualTime, options: PlayOptions): Stage {
  const world = createModelWorld(time, scenario);
  const observer = createObserver(world, checkers(world));
  const plan = { ...planOf(scenario.plan), ...options.changes };
  const cues = createCues(scenario.events, time, (act: Act) => actors.perform(act));
  const cast = createCast(scenario, world, time, cues.writeBegan);
  const server = createServer({
    engine,
    time,
    workflowId: deploymentWorkflowId(plan),
    workflowType: WORKFLOW_TYPE,
    input: { plan, started_by: 'dora@example.com' },
    buildId: scenario.plan.versioned ? 'build-1' : null,
    execute: cast.execute,
    cancelDelayMs: inTurn(scenario.cancelDelaysMs),
    taskDelayMs: inTurn(scenario.taskDelaysMs),
    afterTask(turns, status) {
      for (const turn of turns) options.onTurn?.(turn);
      const { phase } = status as DeploymentStatus;
      if (!observer.tasked(turns, status as DeploymentStatus, time.now())) return;
      cues.phaseBegan(phase);
      if (phase === 'approval') approveLater();
    },
  });
  const actors = createActors(server, world, scenario.plan);
  cues.started();

  function approveLater(): void {
    if (scenario.approvalAfterMs === null) return;
    time.after(scenario.approvalAfterMs, () => server.signal('approve', [{ by: APPROVER }]));
  }

  function calm(): void {
    cues.stop();
    cast.calm();
    world.heal();
    server.recover();
  }
  return { scenario, time, world, server, observer, calm };
}

async function perform(stage: Stage): Promise<void> {
  const { scenario, server, world, observer } = stage;
  const outageMs = longestOutageMs(scenario);
  const calmFromMs = START_MS + TROUBLE_MS + outageMs;
  await goOn(stage, calmFromMs);
  stage.calm();
  for (let ms = 0; ms < CALM_MS + 2 * outageMs && !isOver(stage); ms += ANSWER_EVERY_MS) {
    answerAsPeople(server, world, observer.status);
    await goOn(stage, calmFromMs + ms + ANSWER_EVERY_MS);
  }
  if (observer.problems.length === 0) observer.ended({ closed: server.closed, updates: [...server.updates.values()] });
}

async function goOn(stage: Stage, untilMs: number): Promise<void> {
  for (let events = 0; events < MAX_EVENTS; events += 1) {
    if (isOver(stage) || !(await stage.server.step(untilMs))) return;
    stage.observer.looked();
  }
  stage.observer.problems.push(`liveness: more than ${MAX_EVENTS} events`);
}

function isOver({ server, observer }: Stage): boolean {
  return server.closed !== null || observer.problems.length > 0;
}

function longestOutageMs({ events }: Scenario): number {
  return Math.max(0, ...events.map(({ act }) => (act.kind === 'outage' ? act.ms : 0)));
}

/** The values one after the other, for ever; 0 when there are none. */
function inTurn(values: number[]): () => number {
  let index = 0;
  return () => {
    const value = values[index % Math.max(1, values.length)] ?? 0;
    index += 1;
    return value;
  };
}
