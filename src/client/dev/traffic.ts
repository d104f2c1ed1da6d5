/** Steady requests to the sample service: criteria on requests say nothing without any. */
import { Agent, get } from 'node:http';

const TICK_MS = 20;
/** When the service hangs no more requests than these wait for it. */
const MAX_IN_FLIGHT = 200;
const TIMEOUT_MS = 10_000;

export interface Traffic {
  /** Stops, and tells what has been sent so far. */
  stop(): { sent: number; failed: number };
}

/** Open loop: `perSecond` requests are sent however slow the answers are, up to 200 in flight. */
export function startTraffic(url: string, perSecond: number): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_IN_FLIGHT });
  const count = { sent: 0, failed: 0, inFlight: 0 };
  let owed = 0;
  let lastMs = performance.now();
  const send = () => {
    count.sent += 1;
    count.inFlight += 1;
    let open = true;
    const settle = (failed: boolean) => {
      if (!open) return;
      open = false;
      count.inFlight -= 1;
      if (failed) count.failed += 1;
    };
    const request = get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      response.once('close', () => settle((response.statusCode ?? 500) >= 500 || !response.complete));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => settle(true));
  };
  const timer = setInterval(() => {
    const nowMs = performance.now();
    owed = Math.min(owed + ((nowMs - lastMs) * perSecond) / 1_000, MAX_IN_FLIGHT);
    lastMs = nowMs;
    for (; owed >= 1; owed -= 1) if (count.inFlight < MAX_IN_FLIGHT) send();
  }, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      agent.destroy();
      const { sent, failed, inFlight } = count;
      return { sent: sent - inFlight, failed };
    },
  };
}
