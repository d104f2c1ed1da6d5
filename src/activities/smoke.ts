/** The smoke suite, against every ready instance of the candidate by its own address. */
import { readHealthDocument } from '../adapters/health-document.ts';
import { joinUrl, readHttp } from '../adapters/http-read.ts';
import type { Adapters } from '../adapters/registry.ts';
import { messageOf } from './clock.ts';
import { type Polling, poll } from './polling.ts';
import type { SmokeInput, SmokeResult } from './types.ts';

type Check = SmokeResult['checks'][number];
/** What one instance answered to one check; `note` null: as it should be. */
interface Outcome {
  name: string;
  note: string | null;
  took_ms: number;
}
interface Instance {
  id: string;
  url: string | null;
}

/** Instances that are asked at the same time. */
const AT_ONCE = 8;
const MAX_NAMED = 3;

/** One line per check, over all instances: the slowest one's time, and which of them failed it how. */
export async function runSmoke(adapters: Adapters, polling: Polling, input: SmokeInput): Promise<SmokeResult> {
  const platform = adapters.platform(input.target);
  const state = await poll(polling, {
    read: (signal) => platform.inspect(input.colour, signal),
    isDone: () => true,
    waitingFor: () => `reading the instances of ${input.colour}`,
  });
  const ready = (state?.instances ?? []).filter((instance) => instance.ready);
  if (ready.length === 0) {
    return {
      ok: false,
      checks: [{ name: 'instances', ok: false, note: `no instance of ${input.colour} is ready`, took_ms: 0 }],
    };
  }
  const outcomes: { instance: string; outcomes: Outcome[] }[] = [];
  for (let from = 0; from < ready.length; from += AT_ONCE) {
    polling.heartbeat(`smoke suite: ${from} of ${ready.length} instances checked`);
    const some = ready.slice(from, from + AT_ONCE);
    outcomes.push(...(await Promise.all(some.map((one) => runOn(one, input, polling)))));
  }
  const checks = summarise(outcomes);
  return { ok: checks.every(({ ok }) => ok), checks };
}

async function runOn(
  instance: Instance,
  input: SmokeInput,
  polling: Polling,
): Promise<{ instance: string; outcomes: Outcome[] }> {
  if (instance.url === null) {
    return { instance: instance.id, outcomes: [{ name: 'address', note: 'the platform gives none', took_ms: 0 }] };
  }
  const outcomes = await checkHealth(instance.url, input, polling.signal);
  for (const endpoint of input.smoke.endpoints) {
    polling.heartbeat(`smoke suite: ${endpoint.method} ${endpoint.path} on ${instance.id}`);
    outcomes.push(await checkEndpoint(instance.url, endpoint, input, polling.signal));
  }
  return { instance: instance.id, outcomes };
}

async function checkHealth(url: string, { smoke, version }: SmokeInput, signal: AbortSignal): Promise<Outcome[]> {
  const { path, required_fields, expect } = smoke.health;
  const name = `GET ${path}`;
  try {
    const { status, document, took_ms } = await readHealthDocument(url, path, smoke.timeout_ms, signal);
    const isGood = status >= 200 && status < 300;
    const outcomes: Outcome[] = [
      { name, note: isGood ? tooSlow(took_ms, smoke.max_response_time_ms) : `answered ${status}`, took_ms },
    ];
    for (const field of required_fields) {
      outcomes.push({
        name: `health has ${field}`,
        note: Object.hasOwn(document, field) ? null : 'it is missing',
        took_ms,
      });
    }
    const expected =
      Object.hasOwn(document, 'version') && !Object.hasOwn(expect, 'version') ? { ...expect, version } : expect;
    for (const [field, value] of Object.entries(expected)) {
      const found = Object.hasOwn(document, field) ? document[field] : undefined;
      const note =
        found === value ? null : `it is ${found === undefined ? 'missing' : JSON.stringify(found).slice(0, 80)}`;
      outcomes.push({ name: `health: ${field} is ${JSON.stringify(value)}`, note, took_ms });
    }
    return outcomes;
  } catch (error) {
    signal.throwIfAborted();
    return [{ name, note: messageOf(error), took_ms: 0 }];
  }
}

async function checkEndpoint(
  url: string,
  endpoint: SmokeInput['smoke']['endpoints'][number],
  { smoke }: SmokeInput,
  signal: AbortSignal,
): Promise<Outcome> {
  const name = `${endpoint.method} ${endpoint.path} → ${endpoint.status}`;
  try {
    const read = { method: endpoint.method, timeoutMs: smoke.timeout_ms };
    const { status, took_ms } = await readHttp(joinUrl(url, endpoint.path), read, signal);
    const note = status === endpoint.status ? tooSlow(took_ms, smoke.max_response_time_ms) : `answered ${status}`;
    return { name, note, took_ms };
  } catch (error) {
    signal.throwIfAborted();
    return { name, note: messageOf(error), took_ms: 0 };
  }
}

function tooSlow(tookMs: number, limitMs: number | null): string | null {
  return limitMs === null || tookMs <= limitMs
    ? null
    : `took ${Math.round(tookMs)} ms, at most ${limitMs} ms are allowed`;
}

function summarise(results: { instance: string; outcomes: Outcome[] }[]): Check[] {
  const names = [...new Set(results.flatMap(({ outcomes }) => outcomes.map(({ name }) => name)))];
  return names.map((name) => {
    const all = results.flatMap(({ instance, outcomes }) =>
      outcomes.filter((outcome) => outcome.name === name).map((outcome) => ({ instance, ...outcome })),
    );
    const failed = all.filter(({ note }) => note !== null);
    const named = failed.slice(0, MAX_NAMED).map(({ instance, note }) => `${instance}: ${note}`);
    const more = failed.length > MAX_NAMED ? [`and ${failed.length - MAX_NAMED} more`] : [];
    return {
      name,
      ok: failed.length === 0,
      note: failed.length === 0 ? null : [...named, ...more].join('; '),
      took_ms: Math.round(Math.max(...all.map(({ took_ms }) => took_ms))),
    };
  });
}
