/**
 * The smoke suite, against every ready instance of the candidate by its own address. Flows, which may write, run on one
 * instance only.
 */
import type { Adapters } from '../adapters/registry.ts';
import type { SmokePlan } from '../plan/types.ts';
import { hideSecrets, type Secrets, secretOf } from './call-values.ts';
import { type Polling, poll } from './polling.ts';
import { createRedactor, type Redactor } from './redact.ts';
import { runFlow } from './smoke-flow.ts';
import { checkPages } from './smoke-pages.ts';
import { type Outcome, type SmokeRun, SUITE_LIMIT_MS } from './smoke-run.ts';
import type { SmokeInput, SmokeResult } from './types.ts';

export interface SmokeDependencies {
  adapters: Adapters;
  /** What `{env: NAME}` stands for; undefined: the worker gives no such value away. */
  secrets: Secrets;
  /** The same for every attempt at this run of the suite. */
  id: string;
}

type Check = SmokeResult['checks'][number];
interface Instance {
  id: string;
  url: string | null;
}
interface InstanceOutcomes {
  instance: string;
  outcomes: Outcome[];
}

/** Instances that are asked at the same time. */
const AT_ONCE = 8;
const MAX_NAMED = 3;
const TELL_AGAIN_MS = 2_000;
/** A run that an earlier version started carries a plan without these. */
const NO_MORE: Pick<SmokePlan, 'database' | 'dependencies' | 'flows' | 'security_headers'> = {
  ...{ database: null, dependencies: null, flows: [], security_headers: {} },
};

/**
 * One line per check, over all instances: the slowest one's time, and which of them failed it how. No secret of the worker
 * and no captured value is in the result, in heartbeats or in errors.
 */
export async function runSmoke(deps: SmokeDependencies, polling: Polling, input: SmokeInput): Promise<SmokeResult> {
  const ready = await readyInstances(deps.adapters, polling, input);
  if (ready.length === 0) {
    const note = `no instance of ${input.colour} is ready`;
    return { ok: false, checks: [{ name: 'instances', ok: false, note, took_ms: 0 }] };
  }
  let doing = `smoke suite on ${ready.length} instances`;
  const tell = (next: string) => {
    doing = `smoke suite: ${next}`;
    polling.heartbeat(doing);
  };
  // One slow answer may take longer than the time after which a silent activity is given up.
  const again = setInterval(() => polling.heartbeat(doing), TELL_AGAIN_MS);
  try {
    const smoke = { ...NO_MORE, ...input.smoke };
    const { now } = polling.clock;
    const redactor = createRedactor();
    const run = { smoke, version: input.version, signal: polling.signal, redactor, now, tell };
    const outcomes = await runAll(deps, ready, { ...run, endsAtMs: now() + SUITE_LIMIT_MS });
    const checks = summarise(outcomes, redactor);
    return { ok: checks.every(({ ok }) => ok), checks };
  } finally {
    clearInterval(again);
  }
}

async function readyInstances(adapters: Adapters, polling: Polling, input: SmokeInput): Promise<Instance[]> {
  const platform = adapters.platform(input.target);
  const state = await poll(polling, {
    read: (signal) => platform.inspect(input.colour, signal),
    isDone: () => true,
    waitingFor: () => `reading the instances of ${input.colour}`,
  });
  return (state?.instances ?? []).filter((instance) => instance.ready);
}

async function runAll(deps: SmokeDependencies, ready: Instance[], run: SmokeRun): Promise<InstanceOutcomes[]> {
  // Before anything is asked: an instance may answer with what another one was told.
  hideSecrets(
    run.smoke.flows.flatMap(({ steps }) => steps.flatMap(({ headers, json }) => [headers, json])),
    deps.secrets,
    run.redactor,
  );
  const outcomes: InstanceOutcomes[] = [];
  for (let from = 0; from < ready.length; from += AT_ONCE) {
    run.tell(`${from} of ${ready.length} instances checked`);
    outcomes.push(...(await Promise.all(ready.slice(from, from + AT_ONCE).map((one) => runOn(one, run)))));
  }
  const [chosen] = ready.filter(({ url }) => url !== null);
  for (const [index, flow] of run.smoke.flows.entries()) {
    if (chosen?.url == null) break;
    const id = `${deps.id}/${index + 1}`;
    const outcome = await runFlow(chosen.url, flow, id, (name) => secretOf(deps.secrets, name), run);
    outcomes.push({ instance: chosen.id, outcomes: [outcome] });
  }
  return outcomes;
}

async function runOn({ id, url }: Instance, run: SmokeRun): Promise<InstanceOutcomes> {
  if (url === null) {
    return { instance: id, outcomes: [{ name: 'address', note: 'the platform gives none', took_ms: 0 }] };
  }
  return { instance: id, outcomes: await checkPages(url, run) };
}

function summarise(results: InstanceOutcomes[], { redact }: Redactor): Check[] {
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
      note: failed.length === 0 ? null : redact([...named, ...more].join('; ')),
      took_ms: Math.round(Math.max(...all.map(({ took_ms }) => took_ms))),
    };
  });
}
