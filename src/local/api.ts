/**
 * The admin API of the local program: JSON over HTTP on 127.0.0.1, keys in snake_case. `client.ts` speaks it and
 * `admin.ts` answers it; docs/local.md shows it with curl.
 */
import type { ColourState, Exposed, Fence, InstanceState, RouterState, WriteResult } from '../adapters/types.ts';
import type { Colour, Weights } from '../plan/types.ts';

export const DEFAULT_ADMIN_PORT = 7440;
export const DEFAULT_HEALTH_PATH = '/health';
export const DEFAULT_DRAIN_TIMEOUT_MS = 30_000;
export const MAX_REPLICAS = 64;

/** Request header that reaches a colour whatever its share; its value is `blue` or `green`. */
export const COLOUR_HEADER = 'x-cutover-colour';
/** Response header: `<colour>/<instance>/<version>`. */
export const SERVED_BY_HEADER = 'X-Cutover-Served-By';

export const COLOURS: readonly Colour[] = ['blue', 'green'];

/** How instances of a service are run. A colour keeps the definition it was deployed with until its next deployment. */
export interface ServiceDefinition {
  /** Program and arguments; the environment carries PORT, COLOUR, VERSION, SERVICE and INSTANCE. */
  command: string[];
  /** Null: the local program's own. */
  cwd: string | null;
  env: Record<string, string>;
  /** An instance is ready while GET on this path answers 2xx. */
  health_path: string;
  /** Where the router listens; 0: choose a free port, once. */
  public_port: number;
  /** How long requests and WebSockets on an instance may take to end before it is stopped. */
  drain_timeout_ms: number;
  /** A cookie keeps each client on one colour, as far as the weights allow (sticky.ts). */
  sticky: boolean;
}

/** What a `PUT` of a service may leave out gets its default. */
export type ServiceDefinitionInput = Pick<ServiceDefinition, 'command'> & Partial<ServiceDefinition>;

export interface InstanceView extends InstanceState {
  version: string;
  pid: number | null;
  /** `waiting`: it ended unasked and will be started again. */
  phase: 'starting' | 'ready' | 'unready' | 'draining' | 'waiting';
  /** Requests of any kind that it is answering. */
  in_flight: number;
}

/** What decides how an instance runs, apart from its version. */
export type Launch = Pick<ServiceDefinition, 'command' | 'cwd' | 'env' | 'health_path'>;

export interface ColourView extends ColourState {
  instances: InstanceView[];
  /** What it was deployed with; null: nothing was. */
  launch: Launch | null;
}

/** The router's state, with the production requests in flight per colour. */
export interface RouterView extends RouterState {
  in_flight: Weights;
}

export interface ServiceView {
  service: string;
  definition: ServiceDefinition;
  public_url: string;
  /** False while the public port cannot be bound. */
  listening: boolean;
  colours: Record<Colour, ColourView>;
  router: RouterView;
}

export interface ColourRequest {
  version: string;
  replicas: number;
  /** Take the service's definition anew although the version is the same (no effect while the colour has traffic). */
  refresh?: boolean | undefined;
}

/** Without a fence it is a foreign write: the revision changes and the stored fence stays. */
export interface RouterRequest {
  weights: Weights;
  fence?: Fence | null | undefined;
  /** Absent: nothing is exposed from then on. */
  exposed?: Exposed | undefined;
}

export interface ClaimRequest {
  fence: Fence;
}

/** 200 `written` or `already`, 409 `superseded`, 412 `conflict`; the state is always the one after the call. */
export interface RouterAnswer extends WriteResult {
  state: RouterView;
}

/** Body of every 4xx and 5xx of the admin API that is not a `RouterAnswer`. */
export interface ErrorBody {
  code: string;
  message: string;
  hint: string;
}
