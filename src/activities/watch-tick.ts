/** What one tick of a watcher sees. */
import type { MetricsProvider, Platform, SampleQuery } from '../adapters/types.ts';
import { chooseBaseline, isEnough, measuredMetric, needsBaseline } from '../decision/baseline.ts';
import { checkOf } from '../decision/checks.ts';
import { BURST_METRIC, burstOf } from '../decision/circuit.ts';
import { judgeCriterion } from '../decision/criterion.ts';
import { canStillBeMet } from '../decision/salvage.ts';
import { triggerSpans } from '../decision/triggers.ts';
import type { Judgement, MetricCriterion } from '../decision/types.ts';
import type { TickFacts } from '../decision/window.ts';
import type { Criterion } from '../plan/types.ts';
import { bounded, messageOf } from './clock.ts';
import { TICK_AGE_MS } from './polling.ts';
import type { CheckReader, CheckReading } from './watch-checks.ts';
import type { DriftWatch } from './watch-drift.ts';
import type { PlanCheckReader } from './watch-plan-checks.ts';
import { createSampler, isThin, type Sampler } from './watch-sampling.ts';
import type { WatchInput } from './watch-types.ts';

export interface TickSources {
  platform: Platform;
  provider: MetricsProvider;
  /** Checks of the health document. */
  checks: CheckReader;
  /** Checks that the plan defines go before those. */
  planChecks: PlanCheckReader;
  /** Null: neither weights nor version are compared. */
  drift: DriftWatch | null;
  signal: AbortSignal;
}

const NO_CHECKS: ReadonlyMap<string, CheckReading> = new Map();

type Span = Pick<SampleQuery, 'from_ms' | 'to_ms'>;

/** The criteria of a window, each source once per kind. */
export interface WindowCriteria {
  triggers: Criterion[];
  metrics: MetricCriterion[];
  checks: Extract<Criterion, { kind: 'check' }>[];
}

export function criteriaOf(input: WatchInput): WindowCriteria {
  const success = once(input.success_criteria);
  return {
    triggers: once(input.rollback_triggers),
    metrics: success.filter((criterion) => criterion.kind === 'metric'),
    checks: success.filter((criterion) => criterion.kind === 'check'),
  };
}

/** A tick waits for its samples this long: a late answer is no data, and the next tick is not kept waiting for long. */
export function tickDeadlineMs(resolutionMs: number): number {
  return Math.min(2_000, Math.max(500, resolutionMs));
}

export async function readTick(
  input: WatchInput,
  criteria: WindowCriteria,
  sources: TickSources,
  /** `since_ms`: the tick before. */
  { at_ms: atMs, since_ms, resumed }: { at_ms: number; since_ms: number; resumed: boolean },
): Promise<TickFacts> {
  const { settings } = input;
  sources.drift?.look();
  const sampler = createSampler(sources.provider, tickDeadlineMs(settings.resolution_ms), sources.signal);
  const whole = { from_ms: input.started_at_ms, to_ms: atMs };
  const spans = triggerSpans(atMs, input.started_at_ms, settings.window_ms);
  const metricTriggers = criteria.triggers.filter((criterion) => criterion.kind === 'metric');
  const names = checkNames(input, criteria);
  const burst = burstQuery(input, since_ms, atMs);
  const [unreadable, documented, asked] = await Promise.all([
    isBare(criteria) ? readCandidate(input, sources) : null,
    names.documented.length === 0 ? NO_CHECKS : sources.checks.read(names.documented, sources.signal),
    names.asked.length === 0 ? NO_CHECKS : sources.planChecks.read(names.asked, sources.signal),
    sampler.ask([
      ...burst,
      ...names.measured.flatMap(({ criterion }) => queriesOf(input, criterion, spans[0] ?? whole)),
      ...criteria.metrics.flatMap((criterion) => queriesOf(input, criterion, whole)),
      ...metricTriggers.flatMap((criterion) => queriesOf(input, criterion, spans[0] ?? whole)),
    ]),
  ]);
  const measured = names.measured.map(({ name, criterion }): [string, CheckReading] => {
    const judgement = judge(input, criterion, 'success', sampler, spans[0] ?? whole);
    return [name, { ...checkOf(criterion.metric, judgement), instances: 0 }];
  });
  const checks = new Map([...documented, ...asked, ...measured]);
  const tripped = burst.map((query) => burstOf(sampler.of(query), input.circuit_break?.error_rate ?? 100))[0] ?? null;
  const spanOf = await lengthen(input, metricTriggers, sampler, spans);
  return {
    at_ms: atMs,
    resumed,
    unreadable,
    triggers: criteria.triggers.map((criterion) => ({
      source: criterion.source,
      judgement:
        criterion.kind === 'metric'
          ? judge(input, criterion, 'trigger', sampler, spanOf.get(criterion) ?? whole)
          : judgeCheck(checks.get(criterion.check)),
    })),
    metrics: criteria.metrics.map((criterion) => {
      const judgement = judge(input, criterion, 'success', sampler, whole);
      return { source: criterion.source, judgement, salvageable: isSalvageable(input, criterion, judgement, atMs) };
    }),
    checks: criteria.checks.map(({ source, check }) => {
      const reading = checks.get(check);
      return { source, seen: reading?.seen ?? null, note: reading?.note ?? null };
    }),
    ...(tripped !== null && { tripped }),
    drifted: (sources.drift?.found() ?? null) !== null,
  };
}

/** The named checks of a window, by where they are looked up. */
function checkNames(
  { checks }: WatchInput,
  criteria: WindowCriteria,
): { documented: string[]; asked: string[]; measured: { name: string; criterion: MetricCriterion }[] } {
  const all = [...criteria.triggers, ...criteria.checks].flatMap((one) => (one.kind === 'check' ? [one.check] : []));
  const names = [...new Set(all)];
  const callOf = (name: string) => (Object.hasOwn(checks, name) ? checks[name]?.call : undefined);
  return {
    documented: names.filter((name) => callOf(name) === undefined),
    asked: names.filter((name) => ['http', 'script'].includes(callOf(name)?.kind ?? '')),
    measured: names.flatMap((name) => {
      const call = callOf(name);
      return call?.kind === 'metric' ? [{ name, criterion: call.criterion }] : [];
    }),
  };
}

/** What a circuit break is judged on: the time since the tick before. */
function burstQuery({ circuit_break, candidate }: WatchInput, sinceMs: number, atMs: number): SampleQuery[] {
  if (circuit_break === null || sinceMs >= atMs) return [];
  return [{ metric: BURST_METRIC, colour: candidate, from_ms: sinceMs, to_ms: atMs }];
}

/** For triggers with too few requests: the shortest longer span that holds enough, else the longest. */
async function lengthen(
  input: WatchInput,
  triggers: MetricCriterion[],
  sampler: Sampler,
  spans: Span[],
): Promise<Map<MetricCriterion, Span>> {
  const [shortest, ...longer] = spans;
  const { min_observations } = input.settings;
  const candidate = (criterion: MetricCriterion, span: Span) => ({
    metric: measuredMetric(criterion.metric),
    colour: input.candidate,
    ...span,
  });
  const chosen = new Map<MetricCriterion, Span>();
  if (shortest === undefined) return chosen;
  const thin = triggers.filter((criterion) => isThin(sampler.of(candidate(criterion, shortest)), min_observations));
  await sampler.ask(thin.flatMap((criterion) => longer.flatMap((span) => queriesOf(input, criterion, span))));
  for (const criterion of triggers) {
    const enough = longer.find((span) => isEnough(sampler.of(candidate(criterion, span)), min_observations));
    chosen.set(criterion, thin.includes(criterion) ? (enough ?? longer.at(-1) ?? shortest) : shortest);
  }
  return chosen;
}

function queriesOf(input: WatchInput, criterion: MetricCriterion, span: Span): SampleQuery[] {
  const metric = measuredMetric(criterion.metric);
  const candidate = { metric, colour: input.candidate, ...span };
  return needsBaseline(criterion) ? [candidate, { metric, colour: input.active, ...span }] : [candidate];
}

function judge(
  input: WatchInput,
  criterion: MetricCriterion,
  kind: 'success' | 'trigger',
  sampler: Sampler,
  span: Span,
): Judgement {
  const { min_observations } = input.settings;
  const metric = measuredMetric(criterion.metric);
  const baseline = needsBaseline(criterion)
    ? chooseBaseline(sampler.of({ metric, colour: input.active, ...span }), input.baselines[metric], min_observations)
    : null;
  return judgeCriterion(
    criterion,
    kind,
    sampler.of({ metric, colour: input.candidate, ...span }),
    baseline,
    min_observations,
  );
}

/** A named check as a trigger: it fires while the check does not hold. */
function judgeCheck(reading: CheckReading | undefined): Judgement {
  const seen = reading?.seen ?? null;
  return {
    state: seen === null ? 'no_data' : seen ? 'ok' : 'breached',
    quiet: false,
    value: null,
    limit: null,
    baseline: null,
    observations: reading?.instances ?? 0,
    note: reading?.note ?? null,
  };
}

function isSalvageable(input: WatchInput, criterion: MetricCriterion, judgement: Judgement, atMs: number): boolean {
  const { value, limit } = judgement;
  if (judgement.state !== 'breached' || value === null || limit === null) return true;
  // At the end the end judges; and a baseline that is still being measured may yet move.
  if (input.ends_at_ms === null || atMs >= input.ends_at_ms || judgement.baseline?.source === 'concurrent') return true;
  return canStillBeMet({
    metric: criterion.metric,
    op: criterion.op,
    limit,
    value,
    observations: judgement.observations,
    elapsed_ms: atMs - input.started_at_ms,
    remaining_ms: input.ends_at_ms - atMs,
  });
}

/** With nothing to judge, a tick is judged when the candidate's state can be read. */
function isBare({ triggers, metrics, checks }: WindowCriteria): boolean {
  return triggers.length + metrics.length + checks.length === 0;
}

async function readCandidate(input: WatchInput, { platform, signal }: TickSources): Promise<string | null> {
  try {
    await bounded(tickDeadlineMs(input.settings.resolution_ms), signal, (limit) =>
      platform.inspect(input.candidate, limit, TICK_AGE_MS),
    );
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return `${input.candidate} cannot be read: ${messageOf(error)}`;
  }
}

function once<T extends Criterion>(criteria: T[]): T[] {
  return criteria.filter((one, index) => criteria.findIndex(({ source }) => source === one.source) === index);
}
