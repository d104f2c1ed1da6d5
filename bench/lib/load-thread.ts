/**
 * The load generator's thread: an open loop of GET requests over kept connections, so that neither slow answers nor the
 * bench's own work bend the rate or the timestamps. A request is sent once: what is lost is counted as lost.
 */
import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { epochMs } from './clock.ts';
import type { Answer, FromThread, ToThread } from './load.ts';

const TICK_MS = 1;
const TIMEOUT_MS = 10_000;
/** A service that hangs is not piled upon. */
const MAX_IN_FLIGHT = 500;
/** Bound of memory between two `take`s. */
const MAX_ANSWERS = 400_000;

const url = String((workerData as { url: string }).url);
// In turn: a connection that is used all the time is never closed as idle in the moment of its next use.
const agent = new Agent({ keepAlive: true, maxSockets: MAX_IN_FLIGHT, scheduling: 'fifo' });

let perSecond = 0;
let owed = 0;
let skipped = 0;
let lastMs = performance.now();
let answers: Answer[] = [];
/** Requests under way, by the `take` that they belong to. */
let open = { count: 0, whenZero: () => {} };
let inFlight = 0;

function send(): void {
  const batch = open;
  const list = answers;
  const startedMs = epochMs();
  batch.count += 1;
  inFlight += 1;
  let settled = false;
  const settle = (status: number, servedBy: string, error: string | null) => {
    if (settled) return;
    settled = true;
    const colour = servedBy.startsWith('blue/') ? 'blue' : servedBy.startsWith('green/') ? 'green' : null;
    list.push({ startedMs, endedMs: epochMs(), status, colour, error });
    batch.count -= 1;
    inFlight -= 1;
    if (batch.count === 0) batch.whenZero();
  };
  const request = get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
    const servedBy = String(response.headers['x-cutover-served-by'] ?? '');
    response.resume();
    response.once('close', () => {
      settle(response.complete ? (response.statusCode ?? 0) : 0, servedBy, response.complete ? null : 'cut off');
    });
  });
  request.once('timeout', () => request.destroy(new Error('timed out')));
  request.once('error', (error) => settle(0, '', 'code' in error ? String(error.code) : error.message));
}

setInterval(() => {
  const nowMs = performance.now();
  owed = Math.min(owed + ((nowMs - lastMs) * perSecond) / 1_000, MAX_IN_FLIGHT);
  lastMs = nowMs;
  for (; owed >= 1; owed -= 1) {
    if (inFlight < MAX_IN_FLIGHT && answers.length < MAX_ANSWERS) send();
    else skipped += 1;
  }
}, TICK_MS);

function take(id: number): void {
  const [list, batch, unsent] = [answers, open, skipped];
  answers = [];
  open = { count: 0, whenZero: () => {} };
  skipped = 0;
  const reply = () => {
    const message: FromThread = { id, answers: list, skipped: unsent };
    parentPort?.postMessage(message);
  };
  if (batch.count === 0) reply();
  else batch.whenZero = reply;
}

parentPort?.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'rate':
      perSecond = message.perSecond;
      owed = 0;
      return;
    case 'take':
      take(message.id);
      return;
  }
});
