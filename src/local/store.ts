/**
 * State on disk: `services/<service>/service.json` (definition, deployed versions, instances) and `router.json`
 * (weights, fence). Each is replaced atomically and synced with its folder before a write returns.
 */
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import type { RouterState } from '../adapters/types.ts';
import { CutoverError } from '../errors.ts';
import { routerFileSchema, type ServiceFile, serviceFileSchema } from './schemas.ts';

export interface Store {
  /** Services on disk, in the order of their names. CUTOVER_STATE_UNREADABLE when a file is not what was written. */
  load(): Promise<{ file: ServiceFile; router: RouterState }[]>;
  saveService(file: ServiceFile): Promise<void>;
  saveRouter(service: string, state: RouterState): Promise<void>;
  forget(service: string): Promise<void>;
  /** Folder for the output of a service's instances. */
  logDirectory(service: string): string;
}

const SERVICE_FILE = 'service.json';
const ROUTER_FILE = 'router.json';
/** What write-file-atomic leaves behind when the program is killed between writing and renaming. */
const TEMPORARY = /^(service|router)\.json\.\d+$/;

export function createStore(stateDir: string): Store {
  const root = join(stateDir, 'services');
  const folder = (service: string) => join(root, service);

  async function loadOne(service: string): Promise<{ file: ServiceFile; router: RouterState } | null> {
    const names = await readdir(folder(service));
    await Promise.all(names.filter((name) => TEMPORARY.test(name)).map((name) => rm(join(folder(service), name))));
    // The router's file is written first, so a service without service.json was never answered for.
    if (!names.includes(SERVICE_FILE)) {
      await rm(folder(service), { recursive: true, force: true });
      return null;
    }
    const file = await readChecked(join(folder(service), SERVICE_FILE), serviceFileSchema);
    const router = await readChecked(join(folder(service), ROUTER_FILE), routerFileSchema);
    return { file, router };
  }

  return {
    async load() {
      await mkdir(root, { recursive: true });
      const entries = await readdir(root, { withFileTypes: true });
      const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      const loaded = await Promise.all(names.sort().map(loadOne));
      return loaded.filter((one) => one !== null);
    },
    saveService: (file) => replaceFile(folder(file.service), SERVICE_FILE, file),
    saveRouter: (service, state) => replaceFile(folder(service), ROUTER_FILE, state),
    async forget(service) {
      // First the file that makes it a service, so that a crash in between leaves nothing half alive.
      await rm(join(folder(service), SERVICE_FILE), { force: true });
      await rm(folder(service), { recursive: true, force: true });
    },
    logDirectory: (service) => join(stateDir, 'logs', service),
  };
}

async function replaceFile(directory: string, name: string, value: unknown): Promise<void> {
  const created = await mkdir(directory, { recursive: true });
  await writeFileAtomic(join(directory, name), `${JSON.stringify(value, null, 2)}\n`);
  await syncDirectory(directory);
  if (created !== undefined) await syncDirectory(join(directory, '..'));
}

/** Makes a rename in the folder survive a power failure (fsync(2): the file's own fsync does not cover its name). */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readChecked<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new CutoverError('CUTOVER_STATE_UNREADABLE', `${path} cannot be read as state of the local program`, {
      cause,
    });
  }
}
