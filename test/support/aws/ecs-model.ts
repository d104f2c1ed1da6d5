/** What the scheduler of ECS makes of one service, as time goes by. Pure. */

export interface ServiceView {
  desired: number;
  taskDefinition: string;
  /** Changes when a new deployment is forced. */
  deployment: string;
  /** Of the container whose end is the task's. */
  image: string;
  hasHealthCheck: boolean;
  /** Tasks that fail before a rollout counts as failed; null: it never does. */
  breaker: { failures: number; rollback: boolean } | null;
}

export interface ModelTask {
  id: string;
  number: number;
  deployment: string;
  taskDefinition: string;
  createdMs: number;
  hasHealthCheck: boolean;
  stopped: { atMs: number; orderly: boolean; reason: string } | null;
}

export interface ModelDeployment {
  id: string;
  /** `deployment` of the view that asked for it. */
  asked: string;
  taskDefinition: string;
  createdMs: number;
  failedTasks: number;
  state: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  reason: string;
}

export interface Behaviour {
  /** From the start of a task until it runs, or ends if it is to fail; above 0. */
  startMs: number;
  /** From then until its container health check passes, where it has one. */
  healthMs: number;
  /** Why tasks with this image end instead of running; null: they run. */
  failing: (image: string) => string | null;
  /** Why no task with this image finds a place; null: each does. */
  unplaceable: (image: string) => string | null;
}

export interface ServiceModel {
  name: string;
  /** The primary one first. */
  deployments: ModelDeployment[];
  tasks: ModelTask[];
  /** The latest first. */
  events: { atMs: number; message: string }[];
  completed: string | null;
  made: number;
}

const MAX_EVENTS = 100;
const MAX_STOPPED = 250;

export function newModel(name: string): ServiceModel {
  return { name, deployments: [], tasks: [], events: [], completed: null, made: 0 };
}

export function isLive({ stopped }: ModelTask): boolean {
  return stopped === null;
}

export function runs(task: ModelTask, { startMs }: Behaviour, nowMs: number): boolean {
  return isLive(task) && nowMs >= task.createdMs + startMs;
}

export function isHealthy(task: ModelTask, { startMs, healthMs }: Behaviour, nowMs: number): boolean {
  return isLive(task) && nowMs >= task.createdMs + startMs + (task.hasHealthCheck ? healthMs : 0);
}

/** The task definition that ECS goes back to by itself; null: none. */
export function step(model: ServiceModel, view: ServiceView, behaviour: Behaviour, nowMs: number): string | null {
  const primary = primaryFor(model, view, nowMs);
  const back = replaceFailed(model, primary, view, behaviour, nowMs);
  const own = model.tasks.filter((task) => isLive(task) && task.deployment === primary.id);
  for (const task of own.slice(view.desired)) stop(task, nowMs);
  const others = model.tasks.filter((task) => isLive(task) && task.deployment !== primary.id);
  const healthy = own.filter((task) => isHealthy(task, behaviour, nowMs)).length;
  const isDone = primary.state !== 'FAILED' && healthy >= view.desired;
  for (const task of isDone ? others : others.slice(view.desired)) stop(task, nowMs);
  if (isDone) complete(model, primary, nowMs);
  const stopped = model.tasks.filter((task) => !isLive(task)).slice(-MAX_STOPPED);
  model.tasks = [...stopped, ...model.tasks.filter(isLive)];
  return back;
}

function primaryFor(model: ServiceModel, view: ServiceView, nowMs: number): ModelDeployment {
  const [current] = model.deployments;
  if (current?.taskDefinition === view.taskDefinition && current.asked === view.deployment) return current;
  const id = `ecs-svc/${String(model.deployments.length + model.made + 1).padStart(19, '0')}`;
  model.made += 1;
  const { taskDefinition, deployment: asked } = view;
  const reason = `ECS deployment ${id} in progress.`;
  const made = { id, asked, taskDefinition, createdMs: nowMs, failedTasks: 0, state: 'IN_PROGRESS' as const, reason };
  model.deployments.unshift(made);
  return made;
}

/** Starts what is missing, ends what is to fail, and starts again, generation by generation until now. */
function replaceFailed(
  model: ServiceModel,
  primary: ModelDeployment,
  view: ServiceView,
  behaviour: Behaviour,
  nowMs: number,
): string | null {
  let atMs = nowMs;
  for (;;) {
    if (primary.state === 'FAILED') return null;
    const live = model.tasks.filter((task) => isLive(task) && task.deployment === primary.id);
    const failure = behaviour.failing(view.image);
    const due = live.filter((task) => task.createdMs + behaviour.startMs <= nowMs);
    if (failure === null || due.length === 0) {
      if (live.length >= view.desired || !isPlaceable(model, view, behaviour, nowMs)) return null;
      for (let missing = view.desired - live.length; missing > 0; missing -= 1) start(model, primary, view, atMs);
      continue;
    }
    for (const task of due) {
      atMs = task.createdMs + behaviour.startMs;
      task.stopped = { atMs, orderly: false, reason: failure };
      primary.failedTasks += 1;
    }
    if (view.breaker === null || primary.failedTasks < view.breaker.failures || primary.state !== 'IN_PROGRESS')
      continue;
    primary.state = 'FAILED';
    primary.reason = 'ECS deployment circuit breaker: tasks failed to start.';
    tell(model, `(deployment ${primary.id}) deployment failed: tasks failed to start.`, nowMs);
    if (!view.breaker.rollback || model.completed === null) return null;
    tell(model, 'rolling back to the last completed deployment.', nowMs);
    return model.completed;
  }
}

function isPlaceable(model: ServiceModel, { image }: ServiceView, { unplaceable }: Behaviour, nowMs: number): boolean {
  const reason = unplaceable(image);
  if (reason === null) return true;
  const message = `was unable to place a task because ${reason}.`;
  if (model.events[0]?.message.endsWith(message) !== true) tell(model, message, nowMs);
  return false;
}

function start(model: ServiceModel, { id: deployment }: ModelDeployment, view: ServiceView, createdMs: number): void {
  model.made += 1;
  const { taskDefinition, hasHealthCheck } = view;
  const number = model.made;
  const id = `${Buffer.from(model.name).toString('hex').slice(-16).padStart(16, '0')}${String(number).padStart(16, '0')}`;
  model.tasks.push({ id, number, deployment, taskDefinition, createdMs, hasHealthCheck, stopped: null });
}

function stop(task: ModelTask, atMs: number): void {
  task.stopped = { atMs, orderly: true, reason: 'Scaling activity initiated by the service scheduler' };
}

function complete(model: ServiceModel, primary: ModelDeployment, nowMs: number): void {
  model.deployments = [primary];
  if (primary.state === 'COMPLETED') return;
  primary.state = 'COMPLETED';
  primary.reason = `ECS deployment ${primary.id} completed.`;
  model.completed = primary.taskDefinition;
  tell(model, 'has reached a steady state.', nowMs);
}

function tell(model: ServiceModel, what: string, atMs: number): void {
  model.events = [{ atMs, message: `(service ${model.name}) ${what}` }, ...model.events].slice(0, MAX_EVENTS);
}
