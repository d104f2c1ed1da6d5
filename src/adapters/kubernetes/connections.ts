/** Clusters as the kubeconfig names them, and connections to them that are kept. */
import { Agent } from 'node:https';
import type { KubeConfig, RequestContext } from '@kubernetes/client-node';
import { CutoverError } from '../../errors.ts';
import { withTokenFiles } from './token-files.ts';

type ClientNode = typeof import('@kubernetes/client-node');
export interface Connection {
  client: ClientNode;
  config: KubeConfig;
  library: InstanceType<ClientNode['IsomorphicFetchHttpLibrary']>;
}

/** By context. Loaded when a plan first needs it: most commands never do. */
const connections = new Map<string | null, Promise<Connection>>();

export function connect(context: string | null): Promise<Connection> {
  const known = connections.get(context) ?? open(context);
  connections.set(context, known);
  // A kubeconfig that cannot be read now may be there at the next attempt.
  known.catch(() => connections.delete(context));
  return known;
}

/** Credentials that were refused are read again at the next attempt: their file may hold others by then. */
export function forget(context: string | null, connection: Promise<Connection>): void {
  if (connections.get(context) === connection) connections.delete(context);
}

async function open(context: string | null): Promise<Connection> {
  const client = await import('@kubernetes/client-node');
  const config = new (withTokenFiles(client.KubeConfig))();
  try {
    config.loadFromDefault();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CutoverError('CUTOVER_KUBERNETES_CONFIG', `the kubeconfig cannot be read: ${reason}`, { cause });
  }
  if (context !== null) {
    const contexts = config.getContexts().map(({ name }) => name);
    if (!contexts.includes(context)) {
      const found = contexts.length === 0 ? 'it has none' : `it has ${contexts.join(', ')}`;
      throw new CutoverError('CUTOVER_KUBERNETES_CONFIG', `the kubeconfig has no context "${context}"; ${found}`);
    }
    config.setCurrentContext(context);
  }
  return { client, config, library: new client.IsomorphicFetchHttpLibrary() };
}

export function noCluster(context: string | null, config: KubeConfig): CutoverError {
  const name = context ?? config.getCurrentContext();
  return new CutoverError('CUTOVER_KUBERNETES_CONFIG', `the kubeconfig names no cluster for the context "${name}"`);
}

/** By server and credentials. */
const agents = new Map<string, Agent>();
const MAX_AGENTS = 64;

/** A proxy's agent is left as it is. */
export function keepConnection(server: string, request: RequestContext): void {
  const given = request.getAgent();
  if (!(given instanceof Agent) || given.constructor !== Agent) return;
  const { ca, cert, key, pfx, servername, rejectUnauthorized } = given.options;
  const identity = JSON.stringify([server, ca, cert, key, pfx, servername, rejectUnauthorized]);
  const kept = agents.get(identity) ?? new Agent({ ...given.options, keepAlive: true });
  agents.delete(identity);
  agents.set(identity, kept);
  // Client certificates are renewed: what was used longest ago is let go.
  const [oldest] = agents.keys();
  if (agents.size > MAX_AGENTS && oldest !== undefined) agents.delete(oldest);
  request.setAgent(kept);
}
