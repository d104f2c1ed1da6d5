/** A page of counters for all shops of a cluster, which grow on whichever colour a Service selects, and a Prometheus that reads it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '../../../test/support/kubernetes/control-plane.ts';
import type { KubernetesShop } from '../../../test/support/kubernetes/shop.ts';
import { listen, startPrometheus } from '../../../test/support/prometheus.ts';

export interface ClusterTraffic {
  /** Of the Prometheus. */
  url: string;
  /** Half of green's requests fail in this namespace. */
  break(namespace: string): void;
  stop(): Promise<void>;
}

interface Counts {
  serving: 'blue' | 'green';
  good: { blue: number; green: number };
  bad: { blue: number; green: number };
  broken: boolean;
}

const LOOK_MS = 250;
const PER_LOOK = 24;

export async function startClusterTraffic(
  plane: ControlPlane,
  shops: readonly KubernetesShop[],
): Promise<ClusterTraffic> {
  const all = new Map<string, Counts>();
  for (const { namespace } of shops) {
    all.set(namespace, { serving: 'blue', good: { blue: 0, green: 0 }, bad: { blue: 0, green: 0 }, broken: false });
  }
  let stopped = false;
  const follow = async () => {
    while (!stopped) {
      for (const [namespace, colour] of await selected(plane)) {
        const counts = all.get(namespace);
        if (counts !== undefined) counts.serving = colour;
      }
      for (const counts of all.values()) serve(counts);
      await sleep(LOOK_MS);
    }
  };
  const following = follow();
  following.catch(() => undefined);
  const page = await listen((_, response) => response.end(pageOf(all)));
  const prometheus = await startPrometheus({ jobs: { traffic: [page.host] } });
  return {
    url: prometheus.url,
    break(namespace) {
      const counts = all.get(namespace);
      if (counts !== undefined) counts.broken = true;
    },
    async stop() {
      stopped = true;
      await prometheus.stop();
      await page.close();
      await following;
    },
  };
}

function serve({ serving, good, bad, broken }: Counts): void {
  const failed = broken && serving === 'green' ? PER_LOOK / 2 : 0;
  bad[serving] += failed;
  good[serving] += PER_LOOK - failed;
}

interface Services {
  items: { metadata: { namespace: string }; spec: { selector?: { colour?: string } } }[];
}

async function selected(plane: ControlPlane): Promise<[string, 'blue' | 'green'][]> {
  const { items } = await plane.api<Services>('GET', '/api/v1/services?fieldSelector=metadata.name%3Dcheckout');
  return items.map(({ metadata, spec }) => [metadata.namespace, spec.selector?.colour === 'green' ? 'green' : 'blue']);
}

function pageOf(all: ReadonlyMap<string, Counts>): string {
  const line = (namespace: string, colour: string, status: number, value: number) =>
    `http_request_duration_seconds_count{service="checkout",namespace="${namespace}",colour="${colour}",status_code="${status}"} ${value}\n`;
  return [...all]
    .flatMap(([namespace, { good, bad }]) =>
      (['blue', 'green'] as const).map(
        (colour) => line(namespace, colour, 200, good[colour]) + line(namespace, colour, 500, bad[colour]),
      ),
    )
    .join('');
}
