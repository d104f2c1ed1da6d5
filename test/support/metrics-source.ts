/** A router's metrics page and some instances, as a real HTTP server whose counters a test moves. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ColourState, Platform } from '../../src/adapters/types.ts';
import type { Colour } from '../../src/plan/types.ts';

const BOUNDS = [0.01, 0.05, 0.1, 0.2, 0.5, 1];

interface Counts {
  codes: Map<number, number>;
  /** Cumulated, by BOUNDS, then +Inf. */
  buckets: number[];
}

export interface SourceInstance {
  id: string;
  colour: Colour;
  ready: boolean;
  metrics: string;
  health: unknown;
  /** Requests for this instance hang, or break. */
  mode: 'ok' | 'hang' | 'broken';
  /** What its own pages answer, before those of all: path → status. */
  endpoints: Record<string, number | 'hang'>;
}

export interface MetricsSource {
  routerUrl: string;
  platform: Platform;
  instances: SourceInstance[];
  mode: 'ok' | 'hang' | 'garbage' | 'broken';
  /** Lines that are appended to the router's page. */
  extra: string;
  /** Pages of the router served so far. */
  served: number;
  /** What the smoke suite's endpoints answer: path → status. */
  endpoints: Record<string, number>;
  count(colour: Colour, requests: number, code?: number, seconds?: number): void;
  /** The router restarts: every counter begins again. */
  restart(): void;
  addInstance(id: string, colour: Colour): SourceInstance;
  stop(): Promise<void>;
}

export async function startMetricsSource(): Promise<MetricsSource> {
  let counts = fresh();
  const hanging = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const [, kind, id, page] = (request.url ?? '').split('/');
    if (kind === 'router') {
      source.served += 1;
      return serve(response, source.mode, () => routerPage(counts) + source.extra);
    }
    const instance = source.instances.find((one) => one.id === id);
    if (instance === undefined) return void response.writeHead(404).end();
    if (page === 'metrics') return serve(response, instance.mode, () => instance.metrics);
    if (page === 'health') {
      return serve(response, instance.mode, () =>
        typeof instance.health === 'string' ? instance.health : JSON.stringify(instance.health),
      );
    }
    const status = instance.endpoints[`/${page}`] ?? source.endpoints[`/${page}`] ?? 404;
    if (status === 'hang') return void hanging.add(response);
    response.writeHead(status).end();
  });

  function serve(
    response: ServerResponse,
    mode: MetricsSource['mode'] | SourceInstance['mode'],
    body: () => string,
  ): void {
    if (mode === 'hang') {
      hanging.add(response);
    } else if (mode === 'broken') {
      response.writeHead(500).end('broken');
    } else {
      response.end(mode === 'garbage' ? '<html>not found</html>\n' : body());
    }
  }

  const port = await listen(server);
  const url = `http://127.0.0.1:${port}`;
  const source: MetricsSource = {
    routerUrl: `${url}/router`,
    instances: [],
    mode: 'ok',
    extra: '',
    served: 0,
    endpoints: {},
    platform: platformOf(() => source.instances, url),
    count(colour, requests, code = 200, seconds = 0.03) {
      const { codes, buckets } = counts[colour];
      codes.set(code, (codes.get(code) ?? 0) + requests);
      for (const [index, bound] of [...BOUNDS, Number.POSITIVE_INFINITY].entries()) {
        if (seconds <= bound) buckets[index] = (buckets[index] ?? 0) + requests;
      }
    },
    restart() {
      counts = fresh();
    },
    addInstance(id, colour) {
      const health = { status: 'pass' };
      const instance: SourceInstance = { id, colour, ready: true, metrics: '', health, mode: 'ok', endpoints: {} };
      source.instances.push(instance);
      return instance;
    },
    async stop() {
      for (const response of hanging) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return source;
}

function fresh(): Record<Colour, Counts> {
  const none = () => ({ codes: new Map(), buckets: [...BOUNDS, 0].map(() => 0) });
  return { blue: none(), green: none() };
}

function routerPage(counts: Record<Colour, Counts>): string {
  const lines = ['# TYPE cutover_router_requests_total counter'];
  for (const colour of ['blue', 'green'] as const) {
    for (const [code, value] of counts[colour].codes) {
      lines.push(`cutover_router_requests_total{service="checkout",colour="${colour}",code="${code}"} ${value}`);
    }
  }
  lines.push('# TYPE cutover_router_request_duration_seconds histogram');
  for (const colour of ['blue', 'green'] as const) {
    for (const [index, value] of counts[colour].buckets.entries()) {
      const le = BOUNDS[index] ?? '+Inf';
      lines.push(
        `cutover_router_request_duration_seconds_bucket{service="checkout",colour="${colour}",le="${le}"} ${value}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function platformOf(instances: () => SourceInstance[], url: string): Platform {
  const unused = async () => {};
  return {
    async inspect(colour): Promise<ColourState> {
      const own = instances().filter((instance) => instance.colour === colour);
      return {
        colour,
        version: '2.0.0',
        desired: own.length,
        ready: own.filter(({ ready }) => ready).length,
        instances: own.map(({ id, ready }) => ({
          id,
          url: `${url}/i/${id}`,
          ready,
          reason: ready ? null : 'starting',
        })),
      };
    },
    compare: async () => null,
    deploy: unused,
    scale: unused,
    remove: unused,
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
