/** The clients of the demo: constant load on the service's public port, in which every request is accounted for. */
import { Agent, get, type IncomingMessage } from 'node:http';
import { SERVED_BY_HEADER } from '../../local/api.ts';

export interface ClientRequest {
  /** Epoch ms, as all times here. */
  startedMs: number;
  endedMs: number;
  /** Null: no whole answer came. */
  status: number | null;
  /** The version that answered; null: none, or the router itself. */
  version: string | null;
  /** Why no whole answer came, where the system says; null: one came. */
  error: string | null;
}

export interface Load {
  /** The requests settled so far, in the order of their ends. */
  requests: readonly ClientRequest[];
  /** Sent on average, until now or until it was stopped. */
  perSecond(): number;
  /** Sends no more; returns when the last request is settled. */
  stop(): Promise<void>;
}

const TICK_MS = 5;
const TIMEOUT_MS = 10_000;
/** After a stall of this process so many are sent at once, at most. */
const MAX_OWED = 300;
/** Bounds memory should the demo hang. */
const MAX_REQUESTS = 200_000;

/** Open loop: `perSecond` requests are sent however slow the answers are. */
export function startLoad(url: string, perSecond: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  const requests: ClientRequest[] = [];
  const pending = new Set<Promise<unknown>>();
  let sent = 0;
  let owed = 0;
  const startedMs = performance.now();
  let stoppedMs: number | null = null;
  let lastMs = startedMs;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    owed = Math.min(MAX_OWED, owed + ((nowMs - lastMs) * perSecond) / 1_000);
    lastMs = nowMs;
    for (; owed >= 1 && sent < MAX_REQUESTS; owed -= 1) {
      sent += 1;
      const settled = send(url, agent).then((request) => {
        requests.push(request);
        pending.delete(settled);
      });
      pending.add(settled);
    }
  }, TICK_MS);
  return {
    requests,
    perSecond: () => (1_000 * sent) / ((stoppedMs ?? performance.now()) - startedMs),
    async stop() {
      clearInterval(timer);
      stoppedMs ??= performance.now();
      await Promise.all(pending);
      agent.destroy();
    },
  };
}

/** Whether the client saw it fail: an error of the server, or no whole answer. */
export function isFailed({ status }: ClientRequest): boolean {
  return status === null || status >= 500;
}

/** The failed requests that no version answered, by cause, as `12 × ECONNRESET`; empty: none was lost on the way. */
export function lostOnes(requests: readonly ClientRequest[]): string[] {
  const counts = new Map<string, number>();
  for (const request of requests) {
    if (!isFailed(request) || (request.status !== null && request.version !== null)) continue;
    const cause = request.error ?? `${request.status} by the router`;
    counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  return [...counts].map(([cause, count]) => `${count} × ${cause}`);
}

/** Without a second try of its own: what is lost is lost. Never rejects. */
function send(url: string, agent: Agent): Promise<ClientRequest> {
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const settle = (status: number | null, version: string | null, error: string | null) =>
      resolve({ startedMs, endedMs: Date.now(), status, version, error });
    const request = get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      response.once('error', () => undefined);
      response.once('close', () => {
        if (response.complete) settle(response.statusCode ?? null, versionOf(response), null);
        else settle(null, versionOf(response), 'the answer broke off');
      });
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    request.once('error', (error: NodeJS.ErrnoException) => settle(null, null, error.code ?? error.message));
  });
}

function versionOf(response: IncomingMessage): string | null {
  const servedBy = response.headers[SERVED_BY_HEADER.toLowerCase()];
  return typeof servedBy === 'string' ? (servedBy.split('/')[2] ?? null) : null;
}
