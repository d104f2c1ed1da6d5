/**
 * One service: its definition, its two colours, and its router. Whoever changes it does so one after the other; each
 * change is on disk before traffic or instances follow, and before the answer. A crash in between therefore leaves
 * either nothing done, or the change written and carried out by the successor of this program.
 */
import { randomBytes } from 'node:crypto';
import type { RouterState } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import type { Colour } from '../plan/types.ts';
import type { ColourRequest, RouterAnswer, RouterView, ServiceDefinition, ServiceView } from './api.ts';
import type { LocalContext } from './context.ts';
import { decideWrite, type WriteOffer } from './fence.ts';
import { createServiceMetrics, type ServiceMetrics } from './metrics.ts';
import { createPublicSide } from './public-side.ts';
import { createRouter } from './router.ts';
import type { Deployed, ServiceFile } from './schemas.ts';
import { createSerial } from './serial.ts';
import { createSupervisor } from './supervisor.ts';
import { hostInUrl, viewColour } from './views.ts';

export interface LocalService {
  readonly name: string;
  readonly deleted: boolean;
  readonly metrics: ServiceMetrics;
  view(): ServiceView;
  routerView(): RouterView;
  /** Adopts what runs, starts what is missing, then listens. */
  open(): Promise<void>;
  /** Rejects with the system's error when the new public port cannot be bound; nothing is changed then. */
  define(definition: ServiceDefinition): Promise<void>;
  /**
   * CUTOVER_COLOUR_HAS_TRAFFIC while the colour has traffic and would get another version or fewer replicas. A colour
   * keeps the definition it was deployed with; another version takes the service's, and so does `refresh` without traffic.
   */
  deploy(colour: Colour, request: ColourRequest): Promise<void>;
  write(offer: Omit<WriteOffer, 'newRevision'>): Promise<RouterAnswer>;
  /** CUTOVER_COLOUR_HAS_TRAFFIC when a colour with traffic has replicas, unless forced. */
  remove(force: boolean): Promise<void>;
  /** Ends this program's part: requests in flight end, and instances too unless they are left. */
  close(leaveInstances: boolean): Promise<void>;
}

export function createService(context: LocalContext, file: ServiceFile, stored: RouterState): LocalService {
  const { store } = context;
  const name = file.service;
  const serial = createSerial();
  let state = stored;
  const supervisor = createSupervisor({
    ...{ file, baseEnv: context.baseEnv, takenPorts: context.takenPorts, log: context.log },
    save: () => store.saveService(file),
    logDirectory: store.logDirectory(name),
  });
  const router = createRouter({
    ...{ service: name, traffic: state },
    isSticky: () => file.definition.sticky,
    instances: supervisor.instances,
    metrics: () => metrics,
  });
  const metrics = createServiceMetrics(name, { inFlight: router.inFlight, instances: supervisor.instances });
  const publicSide = createPublicSide(context, name, router);

  function routerView(): RouterView {
    return { ...state, in_flight: { blue: router.inFlight('blue'), green: router.inFlight('green') } };
  }

  function colourView(colour: Colour) {
    return viewColour(colour, file.colours[colour], supervisor.instances(colour), supervisor.waiting(colour));
  }

  /** A call that waited while the service was being removed. */
  function refuseIfDeleted(): void {
    if (file.deleted) throw new CutoverError('CUTOVER_SERVICE_UNKNOWN', `the service ${name} was removed`);
  }

  async function define(definition: ServiceDefinition): Promise<void> {
    refuseIfDeleted();
    const before = { definition: file.definition, public_port: file.public_port };
    const port = definition.public_port === 0 ? file.public_port : definition.public_port;
    const move = await publicSide.move(port, file.definition.drain_timeout_ms);
    try {
      Object.assign(file, { definition, public_port: port });
      await store.saveService(file);
      move.settle();
    } catch (error) {
      Object.assign(file, before);
      move.undo();
      throw error;
    }
  }

  async function deploy(colour: Colour, { version, replicas, refresh = false }: ColourRequest): Promise<void> {
    refuseIfDeleted();
    const current = file.colours[colour];
    const { command, cwd, env, health_path } = file.definition;
    const wanted = { version, command, cwd, env, health_path };
    const sameVersion = current?.version === version;
    if (state.weights[colour] > 0 && current !== null && (!sameVersion || replicas < current.replicas)) {
      const now = `${colour} of ${name} has ${state.weights[colour]} % of the traffic`;
      throw new CutoverError('CUTOVER_COLOUR_HAS_TRAFFIC', `${now}: ${change(current, version, replicas)} is refused`);
    }
    const mayRefresh = refresh && state.weights[colour] === 0;
    const keep = current !== null && sameVersion && (!mayRefresh || sameDefinition(current, wanted));
    if (keep && replicas === current.replicas) return;
    const generation = (current?.generation ?? 0) + 1;
    file.colours[colour] = keep ? { ...current, replicas } : { ...wanted, generation, replicas };
    try {
      await store.saveService(file);
    } catch (error) {
      file.colours[colour] = current;
      throw error;
    }
    supervisor.reconcile();
  }

  async function write(offer: Omit<WriteOffer, 'newRevision'>): Promise<RouterAnswer> {
    refuseIfDeleted();
    const decision = decideWrite(state, { ...offer, newRevision: nextRevision(state.revision) });
    if (decision.kind !== 'write') return { kind: decision.kind, state: routerView() };
    await store.saveRouter(name, decision.next);
    state = decision.next;
    router.setTraffic(state);
    const { weights, exposed, revision } = state;
    context.log.info({ service: name, weights, exposed, fence: offer.fence, revision }, 'weights written');
    return { kind: 'written', state: routerView() };
  }

  async function remove(force: boolean): Promise<void> {
    const busy = (['blue', 'green'] as const).find(
      (colour) => state.weights[colour] > 0 && (file.colours[colour]?.replicas ?? 0) > 0,
    );
    if (busy !== undefined && !force) {
      throw new CutoverError(
        'CUTOVER_COLOUR_HAS_TRAFFIC',
        `${busy} of ${name} has traffic: the service is not removed`,
      );
    }
    file.deleted = true;
    await store.saveService(file);
    await close(false);
    await store.forget(name);
  }

  async function close(leaveInstances: boolean): Promise<void> {
    const drained = publicSide.close(file.definition.drain_timeout_ms);
    if (leaveInstances) supervisor.abandon();
    await drained;
    if (!leaveInstances) await supervisor.stopAll();
    router.close();
  }

  return {
    name,
    metrics,
    get deleted() {
      return file.deleted;
    },
    view: () => ({
      service: name,
      definition: { ...file.definition, public_port: file.public_port },
      public_url: `http://${hostInUrl(context.publicHost)}:${file.public_port}`,
      listening: publicSide.isListening(),
      colours: { blue: colourView('blue'), green: colourView('green') },
      router: routerView(),
    }),
    routerView,
    async open() {
      await supervisor.adopt();
      if (file.deleted) return serial(() => remove(true));
      await publicSide.open(file.public_port);
    },
    define: (definition) => serial(() => define(definition)),
    deploy: (colour, request) => serial(() => deploy(colour, request)),
    write: (offer) => serial(() => write(offer)),
    remove: (force) => serial(() => remove(force)),
    close: (leaveInstances) => serial(() => close(leaveInstances)),
  };
}

function sameDefinition(current: Deployed, wanted: Omit<Deployed, 'generation' | 'replicas'>): boolean {
  const parts = ({ command, cwd, env, health_path }: typeof wanted) =>
    JSON.stringify([command, cwd, Object.entries(env).sort(), health_path]);
  return parts(current) === parts(wanted);
}

function change(current: Deployed, version: string, replicas: number): string {
  if (current.version !== version) return `version ${version} in place of ${current.version}`;
  return `${replicas} replicas in place of ${current.replicas}`;
}

/** Counts up, for people; the random part keeps revisions of a service that was removed and made again apart. */
function nextRevision(revision: string): string {
  return `${Number.parseInt(revision, 10) + 1}-${randomBytes(4).toString('hex')}`;
}

/** Everything on blue, nothing claimed. */
export function initialRouterState(): RouterState {
  const weights = { blue: 100, green: 0 };
  return { weights, revision: nextRevision('0'), fence: null, fenced_revision: null, before: null };
}
