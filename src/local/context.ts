import type { Logger } from 'pino';
import type { Store } from './store.ts';

/** What every service of one local program shares. */
export interface LocalContext {
  store: Store;
  /** The environment under each definition's own. */
  baseEnv: Record<string, string>;
  /** Ports given to instances and public sides. */
  takenPorts: Set<number>;
  /** Address that public sides listen on. */
  publicHost: string;
  log: Logger;
}
