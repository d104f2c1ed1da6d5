/** What a Service's EndpointSlices hold, as it changes: read from one open watch. */
import { request } from 'node:https';
import type { ControlPlane } from '../../test/support/kubernetes/control-plane.ts';
import { epochMs, until } from './clock.ts';

interface Slice {
  metadata: { name: string };
  endpoints?: { conditions?: { ready?: boolean }; targetRef?: { uid: string } }[];
}

export interface EndpointWatch {
  /** Epoch milliseconds at which the slices came to hold exactly these pods; waits for it. */
  heldAt(pods: ReadonlySet<string>, sinceMs: number): Promise<number>;
  close(): void;
}

export async function watchEndpoints({ url, token }: ControlPlane, namespace: string): Promise<EndpointWatch> {
  const slices = new Map<string, string[]>();
  const seen: { atMs: number; pods: Set<string> }[] = [];
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?watch=1`;
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  const sent = request(`${url}${path}`, { headers, rejectUnauthorized: false }, (response) => {
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(JSON.parse(line) as { type: string; object: Slice });
    });
  });
  function take({ type, object }: { type: string; object: Slice }): void {
    const ready = (object.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    if (type === 'DELETED') slices.delete(object.metadata.name);
    else
      slices.set(
        object.metadata.name,
        ready.map(({ targetRef }) => targetRef?.uid ?? ''),
      );
    seen.push({ atMs: epochMs(), pods: new Set([...slices.values()].flat()) });
  }
  // Closed by us in the end.
  sent.on('error', () => undefined).end();
  await until(async () => seen.length > 0, 'the first EndpointSlice');
  return {
    async heldAt(wanted, sinceMs) {
      const find = () =>
        seen.find(
          ({ atMs, pods }) => atMs >= sinceMs && pods.size === wanted.size && [...wanted].every((uid) => pods.has(uid)),
        );
      await until(async () => find() !== undefined, 'the EndpointSlices to hold the pods');
      return find()?.atMs ?? 0;
    },
    close: () => void sent.destroy(),
  };
}
