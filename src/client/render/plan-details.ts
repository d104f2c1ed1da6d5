/** A plan for the Web UI: one line, and Markdown. */
import { formatDuration } from '../../plan/duration.ts';
import { formatShare } from '../../plan/exposure.ts';
import { type Criterion, HOOK_POINTS, type HookPlan, type PhasePlan, type Plan } from '../../plan/types.ts';

/** The server bounds a summary at 200 bytes. */
const MAX_SUMMARY = 180;

/** The Web UI's columns touch each other, and a heading's ordinary spaces are cut off. */
const GAP = '\u00a0\u00a0';

/** `checkout 2.4.1 → production`. */
export function planSummary(plan: Plan): string {
  const where = plan.target === null ? plan.environment : `${plan.environment} @ ${plan.target}`;
  const summary = `${plan.service} ${plan.version} → ${where}`;
  return summary.length <= MAX_SUMMARY ? summary : `${summary.slice(0, MAX_SUMMARY - 1)}…`;
}

/** What will happen, phase by phase; bounded by what a plan can hold. */
export function planDetails(plan: Plan, startedBy: string): string {
  const { warmup, health_check, performance_validation, decision_window } = plan.phases;
  const rows = [
    phaseRow('warmup', warmup),
    phaseRow('health check', health_check),
    phaseRow('performance validation', performance_validation),
    approvalRow(plan),
    switchRow(plan),
    phaseRow('decision window', decision_window),
    row('observation', plan.observation.duration_ms, '100 %', plan.observation.rollback_triggers.map(asTrigger)),
    row('lease', plan.lease.duration_ms, '100 %', []),
  ];
  return [
    `### ${text(planSummary(plan))}`,
    '',
    `Started by ${text(startedBy)} · platform ${text(plan.platform.kind)} · router ${text(plan.router.kind)} · metrics ${text(plan.metrics.kind)}`,
    '',
    `| phase${GAP} | time${GAP} | share${GAP} | must hold |`,
    '| --- | --- | --- | --- |',
    ...rows.filter((line) => line !== null),
    '',
    ...remarks(plan).map((line) => `- ${line}`),
  ].join('\n');
}

function phaseRow(name: string, phase: PhasePlan | null): string | null {
  if (phase === null) return null;
  const criteria = [...phase.success_criteria, ...phase.rollback_triggers.map(asTrigger)];
  return row(name, phase.duration_ms, text(formatShare(phase.traffic_percentage, phase.expose)), criteria);
}

function approvalRow({ approval }: Plan): string | null {
  if (approval === null) return null;
  const people = `${approval.required} of ${approval.approvers.join(', ')}`;
  return `| approval | at most ${formatDuration(approval.timeout_ms)} | | ${text(people)}; else ${approval.on_timeout} |`;
}

function switchRow(plan: Plan): string {
  const steps = plan.switch.steps.map((step) => `${step.share} %`).join(', ');
  return `| switch (${plan.switch.strategy}) | ${formatDuration(plan.switch.deadline_ms)} each | ${steps} | proven, or put back |`;
}

function row(name: string, durationMs: number, share: string, criteria: { source: string }[]): string {
  return `| ${name} | ${formatDuration(durationMs)} | ${share} | ${criteria.map((one) => text(one.source)).join('; ')} |`;
}

function remarks(plan: Plan): string[] {
  const hooks = HOOK_POINTS.filter((point) => plan.hooks[point].length > 0).map(
    (point) => `${point.replaceAll('_', ' ')}: ${plan.hooks[point].map(hookText).join(', ')}`,
  );
  const checks = Object.keys(plan.checks);
  return [
    ...hooks,
    ...(checks.length === 0 ? [] : [`own checks: ${checks.map(text).join(', ')}`]),
    ...(plan.rollback_safe_until === null ? [] : [safetyText(plan.rollback_safe_until)]),
    `after a rollback the new version is kept for ${formatDuration(plan.keep_failed_ms)}`,
  ];
}

function hookText({ name, timeout_ms, on_failure }: HookPlan): string {
  return `${text(name)} (${formatDuration(timeout_ms)}; when it fails: ${on_failure})`;
}

function safetyText(safety: NonNullable<Plan['rollback_safe_until']>): string {
  const until =
    safety.kind === 'phase'
      ? `from the begin of ${safety.phase.replaceAll('_', ' ')} on`
      : `${formatDuration(safety.duration_ms)} after the switch`;
  return `a rollback needs force ${until}`;
}

function asTrigger(criterion: Criterion): { source: string } {
  return { source: `roll back when ${criterion.source}` };
}

/** Texts of people must not break the table or become markup. */
function text(raw: string): string {
  return raw.replace(/[|<>`\r\n\\]/g, (found) => (found === '<' || found === '>' ? `\\${found}` : ' '));
}
