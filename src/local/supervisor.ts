/**
 * Keeps a service's instances as its colours ask: starts what is missing, stops what is too many, starts again what
 * ended unasked. What is asked for and what was started are in the service's file, written before each start, so that
 * a successor of this program finds every process.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Colour } from '../plan/types.ts';
import { COLOURS } from './api.ts';
import { backoffMs, isForgiven } from './backoff.ts';
import { buryInstance, createInstance, type Instance, probeOnce, stopInstance, watchInstance } from './instance.ts';
import { findProcess, launch } from './launch.ts';
import { freePort } from './ports.ts';
import type { Deployed, InstanceRecord, ServiceFile } from './schemas.ts';

export interface SupervisorOptions {
  /** The live state of the service; `instances` and `next_instance` are the supervisor's to change. */
  file: ServiceFile;
  /** Writes `file` to disk. */
  save(): Promise<void>;
  baseEnv: Record<string, string>;
  logDirectory: string;
  /** Ports given to instances of any service. */
  takenPorts: Set<number>;
  log: Logger;
}

/** A replica that ended unasked and waits for its next start. */
export interface WaitingSlot {
  id: string;
  reason: string;
  /** Epoch ms. */
  startsAtMs: number;
}

export interface Supervisor {
  /** Every instance with a process, those being drained included. */
  instances(colour: Colour): readonly Instance[];
  waiting(colour: Colour): WaitingSlot[];
  /** Takes over what still runs from the file's records, probed once, and starts the rest. */
  adopt(): Promise<void>;
  /** Starts and stops whatever differs from what the file asks for; returns at once. */
  reconcile(): void;
  /** Drains and stops every instance, and starts none any more. */
  stopAll(): Promise<void>;
  /** Leaves the instances running and stops looking after them. */
  abandon(): void;
}

interface Slot {
  failures: number;
  starting: boolean;
  waiting: WaitingSlot | null;
  timer: NodeJS.Timeout | null;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { file, log, takenPorts } = options;
  const running: Record<Colour, Instance[]> = { blue: [], green: [] };
  const slots = new Map<string, Slot>();
  let closing = false;

  /** Failures of one generation do not delay the next. */
  function slotOf(colour: Colour, generation: number, index: number): Slot {
    const key = `${colour}/${generation}/${index}`;
    const slot = slots.get(key) ?? { failures: 0, starting: false, waiting: null, timer: null };
    slots.set(key, slot);
    return slot;
  }

  /** Whether an instance of this generation in this slot is what the file asks for. */
  function isWanted(colour: Colour, slot: number, generation: number): boolean {
    const deployed = file.colours[colour];
    return !closing && deployed !== null && deployed.generation === generation && slot < deployed.replicas;
  }

  function reconcile(): void {
    for (const colour of COLOURS) {
      for (const instance of running[colour]) {
        const { slot, generation } = instance.record;
        if (!isWanted(colour, slot, generation)) void stopInstance(instance, file.definition.drain_timeout_ms);
      }
      const deployed = file.colours[colour];
      for (let index = 0; deployed !== null && index < deployed.replicas; index += 1)
        startIfMissing(colour, deployed, index);
    }
  }

  function startIfMissing(colour: Colour, deployed: Deployed, index: number): void {
    const slot = slotOf(colour, deployed.generation, index);
    const present = running[colour].some(({ record, phase }) => record.slot === index && phase !== 'draining');
    if (closing || present || slot.starting) return;
    const waitMs = (slot.waiting?.startsAtMs ?? 0) - Date.now();
    if (waitMs > 0) {
      slot.timer ??= setTimeout(() => {
        slot.timer = null;
        reconcile();
      }, waitMs);
      return;
    }
    slot.starting = true;
    start(colour, deployed, index)
      .catch((error) => failed(slot, `${colour}-${index}`, `cannot be started: ${String(error)}`))
      .finally(() => {
        slot.starting = false;
        // What was asked for may have changed while the start was being recorded.
        reconcile();
      });
  }

  async function start(colour: Colour, deployed: Deployed, slot: number): Promise<void> {
    const port = await freePort(takenPorts);
    takenPorts.add(port);
    const { generation, version, health_path } = deployed;
    file.next_instance += 1;
    const id = `${colour}-${file.next_instance}`;
    const identification = { id, token: randomUUID(), colour, slot, generation, version };
    const record: InstanceRecord = { ...identification, health_path, port, pid: null, identity: null };
    try {
      file.instances.push(record);
      await options.save();
      if (!isWanted(colour, slot, generation)) return await forget(record);
      launchRecorded(record, deployed);
    } catch (error) {
      await forget(record);
      throw error;
    }
    await options.save();
  }

  function launchRecorded(record: InstanceRecord, deployed: Deployed): void {
    const { colour, slot, generation } = record;
    const instance = createInstance(record, false);
    const { baseEnv, logDirectory } = options;
    const onExit = (how: string) => ended(instance, how);
    const started = launch({ service: file.service, record, deployed, baseEnv, logDirectory, onExit });
    running[colour].push(instance);
    slotOf(colour, generation, slot).waiting = null;
    if (started === null) return;
    Object.assign(record, started);
    void watchInstance(instance, onExit);
    log.info({ service: file.service, instance: record.id, version: record.version, ...started }, 'instance started');
  }

  function ended(instance: Instance, how: string): void {
    if (instance.phase === 'gone') return;
    const { colour, slot, generation, id } = instance.record;
    const unasked = instance.phase !== 'draining' && !closing;
    const wasReadyMs = instance.readySince === null ? 0 : Date.now() - instance.readySince;
    buryInstance(instance, how);
    running[colour] = running[colour].filter((other) => other !== instance);
    log.info({ service: file.service, instance: id, how, unasked }, 'instance ended');
    if (unasked) {
      const place = slotOf(colour, generation, slot);
      if (isForgiven(wasReadyMs)) place.failures = 0;
      failed(place, id, how);
    }
    forget(instance.record).catch((error) => log.error({ err: error }, 'state could not be written'));
    reconcile();
  }

  function failed(slot: Slot, id: string, how: string): void {
    slot.failures += 1;
    slot.waiting = { id, reason: how, startsAtMs: Date.now() + backoffMs(slot.failures) };
  }

  async function forget(record: InstanceRecord): Promise<void> {
    file.instances = file.instances.filter((other) => other !== record);
    takenPorts.delete(record.port);
    await options.save();
  }

  return {
    instances: (colour) => running[colour],
    waiting(colour) {
      const deployed = file.colours[colour];
      if (deployed === null) return [];
      const places = Array.from({ length: deployed.replicas }, (_, index) =>
        slotOf(colour, deployed.generation, index),
      );
      return places.map((place) => place.waiting).filter((one) => one !== null);
    },
    async adopt() {
      for (const record of file.instances) {
        const found = findProcess(record);
        if (found === null) continue;
        Object.assign(record, found);
        const instance = createInstance(record, true);
        running[record.colour].push(instance);
        takenPorts.add(record.port);
        log.info({ service: file.service, instance: record.id, pid: record.pid }, 'instance adopted');
      }
      const adopted = COLOURS.flatMap((colour) => running[colour]);
      file.instances = adopted.map(({ record }) => record);
      await options.save();
      await Promise.all(adopted.map((instance) => probeOnce(instance, 0)));
      for (const instance of adopted) void watchInstance(instance, (how) => ended(instance, how));
      reconcile();
    },
    reconcile,
    async stopAll() {
      closing = true;
      clearTimers(slots.values());
      const all = COLOURS.flatMap((colour) => running[colour]);
      await Promise.all(all.map((instance) => stopInstance(instance, file.definition.drain_timeout_ms)));
      await options.save();
    },
    abandon() {
      closing = true;
      clearTimers(slots.values());
    },
  };
}

function clearTimers(slots: Iterable<Slot>): void {
  for (const slot of slots) if (slot.timer !== null) clearTimeout(slot.timer);
}
