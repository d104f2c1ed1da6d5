/** Who the provider is to the server: headers, and connections with the plan's certificates. */
import { Agent } from 'node:https';
import type { PrometheusSettings } from '../../../plan/schema/normalised-metrics.ts';
import { createFileReader, readSecret } from './files.ts';

export interface Access {
  headers: Record<string, string>;
  /** Null: the common connections. */
  agent: Agent | null;
}

export type AccessSettings = Pick<
  PrometheusSettings,
  'headers' | 'basic_auth' | 'bearer_token_file' | 'tls' | 'tenant'
>;

/** Connections by the files that they were made with: all watchers of one server share them. */
const pools = new Map<string, { stamp: string; agent: Agent }>();

/** Reads what has changed since the last time. Throws an Error for people when a file cannot be used. */
export function createAccess(settings: AccessSettings, secretsFolder: string | null): () => Promise<Access> {
  const { basic_auth, bearer_token_file, tls, tenant } = settings;
  const files = createFileReader(secretsFolder);

  async function authorization(): Promise<Record<string, string>> {
    if (bearer_token_file !== null) return { authorization: `Bearer ${await readSecret(files, bearer_token_file)}` };
    if (basic_auth === null) return {};
    const password = await readSecret(files, basic_auth.password_file);
    return { authorization: `Basic ${Buffer.from(`${basic_auth.username}:${password}`).toString('base64')}` };
  }

  async function agent(): Promise<Agent | null> {
    if (tls === null) return null;
    const read = async (path: string | undefined) => (path === undefined ? null : files.read(path));
    const [ca, cert, key] = await Promise.all([tls.ca_file, tls.cert_file, tls.key_file].map(read));
    const stamp = [ca, cert, key].map((file) => file?.stamp ?? '').join('|');
    const pool = JSON.stringify(tls);
    const known = pools.get(pool);
    if (known?.stamp === stamp) return known.agent;
    const made = new Agent({
      keepAlive: true,
      ...(ca != null && { ca: ca.text }),
      ...(cert != null && { cert: cert.text }),
      ...(key != null && { key: key.text }),
      ...(tls.server_name !== undefined && { servername: tls.server_name }),
    });
    pools.set(pool, { stamp, agent: made });
    for (const socket of Object.values(known?.agent.freeSockets ?? {}).flat()) socket?.destroy();
    return made;
  }

  return async () => {
    const [authorized, own] = await Promise.all([authorization(), agent()]);
    const tenancy = tenant === null ? {} : { 'x-scope-orgid': tenant, 'thanos-tenant': tenant };
    return { headers: { ...settings.headers, ...tenancy, ...authorized }, agent: own };
  };
}
