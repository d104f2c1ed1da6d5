import { CutoverError } from '../../errors.ts';
import type { KubernetesApi } from './api.ts';

/**
 * One object, at most `maxAgeMs` old (0: as it is now): from an open watch on it alone, for which a Role needs `list` and
 * `watch` beside `get`. Without them it is read every time.
 */
export async function readObject<T>(
  api: KubernetesApi,
  path: string,
  maxAgeMs: number,
  signal: AbortSignal,
): Promise<T> {
  if (maxAgeMs === 0) return api.get<T>(path, signal);
  const at = path.lastIndexOf('/');
  const fieldSelector = `metadata.name=${path.slice(at + 1)}`;
  const found = await api.recent<T>(path.slice(0, at), { fieldSelector }, maxAgeMs, signal).catch((error: unknown) => {
    if (error instanceof CutoverError && error.code === 'CUTOVER_KUBERNETES_FORBIDDEN') return [];
    throw error;
  });
  // One that is not there is told of by the request for it.
  return found[0] ?? api.get<T>(path, signal);
}
