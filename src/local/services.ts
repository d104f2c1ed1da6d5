/** All services of one local program. */
import { CutoverError } from '../errors.ts';
import type { ServiceDefinition } from './api.ts';
import type { LocalContext } from './context.ts';
import { listenPublic } from './listener.ts';
import { freePort } from './ports.ts';
import type { ServiceFile } from './schemas.ts';
import { createSerial } from './serial.ts';
import { createService, initialRouterState, type LocalService } from './service.ts';

export interface Services {
  /** Opens everything that is on disk. */
  load(): Promise<void>;
  list(): LocalService[];
  /** CUTOVER_SERVICE_UNKNOWN when there is none of that name. */
  get(name: string): LocalService;
  /** Creates the service, or changes its definition. CUTOVER_PORT_TAKEN when its public port cannot be bound. */
  define(name: string, definition: ServiceDefinition): Promise<LocalService>;
  remove(name: string, force: boolean): Promise<void>;
  close(leaveInstances: boolean): Promise<void>;
}

export function createServices(context: LocalContext): Services {
  const services = new Map<string, LocalService>();
  const serial = createSerial();

  async function create(name: string, definition: ServiceDefinition): Promise<LocalService> {
    const port = definition.public_port === 0 ? await freePort(context.takenPorts) : definition.public_port;
    await checkPortFree(context.publicHost, port);
    const file: ServiceFile = {
      ...{ service: name, definition, public_port: port, next_instance: 0 },
      ...{ colours: { blue: null, green: null }, instances: [], deleted: false },
    };
    const router = initialRouterState();
    await context.store.saveRouter(name, router);
    await context.store.saveService(file);
    const service = createService(context, file, router);
    context.takenPorts.add(port);
    services.set(name, service);
    await service.open();
    context.log.info({ service: name, port }, 'service created');
    return service;
  }

  function get(name: string): LocalService {
    const service = services.get(name);
    if (service !== undefined) return service;
    const known = [...services.keys()].sort().join(', ');
    const there = known === '' ? 'there is none yet' : `there are: ${known}`;
    throw new CutoverError('CUTOVER_SERVICE_UNKNOWN', `no service ${name} on the local platform; ${there}`);
  }

  return {
    async load() {
      for (const { file, router } of await context.store.load()) {
        const service = createService(context, file, router);
        context.takenPorts.add(file.public_port);
        services.set(file.service, service);
      }
      await Promise.all([...services.values()].map((service) => service.open()));
      for (const service of services.values()) if (service.deleted) services.delete(service.name);
    },
    list: () => [...services.values()].sort((one, other) => one.name.localeCompare(other.name)),
    get,
    define: (name, definition) =>
      serial(async () => {
        const service = services.get(name);
        if (service === undefined) return create(name, definition);
        await service.define(definition).catch((error) => portTaken(definition.public_port, error));
        context.takenPorts.add(service.view().definition.public_port);
        return service;
      }),
    remove: (name, force) =>
      serial(async () => {
        const service = services.get(name);
        if (service === undefined) return;
        await service.remove(force);
        context.takenPorts.delete(service.view().definition.public_port);
        services.delete(name);
      }),
    async close(leaveInstances) {
      await Promise.all([...services.values()].map((service) => service.close(leaveInstances)));
    },
  };
}

async function checkPortFree(host: string, port: number): Promise<void> {
  const listener = await listenPublic(host, port, {
    handle: (_, response) => void response.destroy(),
    handleUpgrade: ({ socket }) => void socket.destroy(),
  }).catch((error) => portTaken(port, error));
  await listener.close(0);
}

function portTaken(port: number, cause: unknown): never {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') throw cause;
  throw new CutoverError('CUTOVER_PORT_TAKEN', `port ${port} cannot be bound: ${String(code)}`, { cause });
}
