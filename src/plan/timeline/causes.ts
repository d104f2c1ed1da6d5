/** What can put the traffic back without being asked, and when; and when a person is called. */
import { formatDuration } from '../duration.ts';
import { movesScheduledWork } from '../scheduled-work.ts';
import { HOOK_POINTS, type HookPlan, type Plan } from '../types.ts';
import type { Stage } from './stages.ts';
import { span } from './titles.ts';

export interface RollbackCause {
  kind:
    | 'trigger'
    | 'criterion'
    | 'smoke'
    | 'not_ready'
    | 'hook'
    | 'circuit'
    | 'shift'
    | 'no_data'
    | 'approval'
    | 'drift';
  /** The trigger or criterion as written; null for the others. */
  source: string | null;
  /** When: the stages, as text. */
  when: string;
  /** What has to happen. */
  text: string;
}

export function rollbackCauses(plan: Plan, stages: readonly Stage[]): RollbackCause[] {
  return [
    ...triggerCauses(stages),
    ...criterionCauses(stages),
    ...smokeCauses(stages),
    ...readinessCauses(plan, stages),
    ...circuitCauses(plan, stages),
    ...hookCauses(stages),
    ...shiftCauses(plan),
    ...approvalCauses(plan, stages),
    ...noDataCauses(plan, stages),
  ];
}

/** Where an error burst breaks the circuit. */
const BEFORE_SWITCH: readonly Stage['phase'][] = ['warmup', 'health_check', 'performance_validation', 'approval'];

/** The sentences after "a person is called when". */
export function callsOf(plan: Plan, stages: readonly Stage[]): string[] {
  const { on_no_data: onNoData, no_data_limit_ms: limitMs } = plan.metrics;
  const stays = `there is no data for ${formatDuration(limitMs)} at 100 %: the traffic stays, and watching goes on`;
  return [
    ...(onNoData === 'hold' && stages.some(isJudgedAtFull) ? [stays] : []),
    'a rollback is held: the old colour is known not to be ready while the candidate is, or the router does not answer',
    'somebody else changes the router',
    ...(stages.some(({ phase }) => phase === 'lease')
      ? ['the kept colour loses instances: they are asked for again']
      : []),
    ...hookCalls(plan),
    ...(movesScheduledWork(plan) ? ['scheduled work cannot be moved: it is tried again'] : []),
    ...(plan.rollback_safe_until === null
      ? []
      : ['a rollback is due when data makes it unsafe: it waits for `--force`']),
    ...(circuitCauses(plan, stages).length === 0 ? [] : ["an error burst stops the candidate's share"]),
  ];
}

function hookCalls({ hooks }: Plan): string[] {
  const all = HOOK_POINTS.flatMap((point) => hooks[point]);
  const named = (choice: HookPlan['on_failure']) =>
    all.filter((hook) => hook.on_failure === choice).map(({ name }) => name);
  const [passed, held] = [named('continue'), named('hold')];
  return [
    ...(passed.length === 0 ? [] : [`a hook fails and is passed over: ${passed.join(', ')}`]),
    ...(held.length === 0
      ? []
      : [`a hook fails and is tried again until it succeeds, or is promoted past: ${held.join(', ')}`]),
  ];
}

/** Where `hold` waits without end, since going back is no safer than staying. */
export function isJudgedAtFull(stage: Stage): boolean {
  return stage.share === 100 && isJudged(stage);
}

function isJudged(stage: Stage): boolean {
  return stage.rollback_triggers.length + stage.success_criteria.length > 0;
}

function triggerCauses(stages: readonly Stage[]): RollbackCause[] {
  const all = [...new Set(stages.flatMap((stage) => stage.rollback_triggers))];
  return all.map((source) => ({
    kind: 'trigger',
    source,
    when: span(stages, (stage) => stage.rollback_triggers.includes(source)),
    text: source,
  }));
}

function criterionCauses(stages: readonly Stage[]): RollbackCause[] {
  const all = [...new Set(stages.flatMap((stage) => stage.success_criteria))];
  return all.map((source) => ({
    kind: 'criterion',
    source,
    when: span(stages, (stage) => stage.success_criteria.includes(source)),
    text: `not: ${source}`,
  }));
}

function smokeCauses(stages: readonly Stage[]): RollbackCause[] {
  const when = span(stages, (stage) => stage.smoke.length > 0);
  return when === '' ? [] : [cause('smoke', when, 'a check of the smoke suite fails')];
}

function readinessCauses(plan: Plan, stages: readonly Stage[]): RollbackCause[] {
  const limit = formatDuration(plan.provision_timeout_ms);
  return [
    cause(
      'not_ready',
      span(stages, (stage) => stage.size_percent !== null),
      `the candidate's instances are not all ready within ${limit}`,
    ),
  ];
}

function shiftCauses(plan: Plan): RollbackCause[] {
  const limit = formatDuration(plan.switch.deadline_ms);
  return [
    cause('shift', 'every shift', `it is not proven at the router within ${limit}, or capacity is short of the share`),
    cause('drift', 'every shift, and before it counts as succeeded', 'somebody else has changed the router'),
  ];
}

function circuitCauses({ circuit_break: circuit }: Plan, stages: readonly Stage[]): RollbackCause[] {
  if (circuit === null) return [];
  const when = span(stages, (stage) => stage.share > 0 && BEFORE_SWITCH.includes(stage.phase));
  if (when === '') return [];
  const { attempts, error_rate: rate, pause_ms: pauseMs } = circuit;
  const burst = `${rate} % errors or more within one tick`;
  const text =
    attempts === 1
      ? burst
      : `${burst}, for the ${ordinal(attempts)} time; before that the candidate has no traffic for ${formatDuration(pauseMs)}, and another try`;
  return [cause('circuit', when, text)];
}

function hookCauses(stages: readonly Stage[]): RollbackCause[] {
  const named = (stage: Stage) => stage.hooks?.run.filter((hook) => hook.on_failure === 'rollback') ?? [];
  const hooks = stages.flatMap(named);
  if (hooks.length === 0) return [];
  const when = span(stages, (stage) => named(stage).length > 0);
  const names = hooks.map(({ name }) => name).join(', ');
  return [cause('hook', when, `a hook has failed in every attempt: ${names}`)];
}

function ordinal(count: number): string {
  const tens = count % 100;
  const suffix = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${suffix}`;
}

function approvalCauses({ approval }: Plan, stages: readonly Stage[]): RollbackCause[] {
  if (approval === null) return [];
  const when = span(stages, (stage) => stage.phase === 'approval');
  const late = `it is not given within ${formatDuration(approval.timeout_ms)}`;
  return [
    cause('approval', when, approval.on_timeout === 'rollback' ? `it is rejected, or ${late}` : 'it is rejected'),
  ];
}

function noDataCauses({ metrics }: Plan, stages: readonly Stage[]): RollbackCause[] {
  if (metrics.on_no_data === 'ignore') return [];
  const stays = (stage: Stage) => metrics.on_no_data === 'hold' && stage.share === 100;
  const when = span(stages, (stage) => isJudged(stage) && !stays(stage));
  return when === ''
    ? []
    : [cause('no_data', when, `there is no data for ${formatDuration(metrics.no_data_limit_ms)}`)];
}

function cause(kind: RollbackCause['kind'], when: string, text: string): RollbackCause {
  return { kind, source: null, when, text };
}
