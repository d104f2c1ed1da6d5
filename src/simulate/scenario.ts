/** Reading a file of metrics: every mistake with its place, and what the plan needs that the file does not have. */
import type { z } from 'zod';
import { measuredMetric } from '../decision/baseline.ts';
import { CutoverError } from '../errors.ts';
import { nearestName } from '../plan/nearest.ts';
import { createProblem, formatProblem, PlanError, type Problem, printKey } from '../plan/problems.ts';
import { keyPositionOf, type Node, positionOf, toValue } from '../plan/source/tree.ts';
import { parseYaml } from '../plan/source/yaml.ts';
import type { Criterion, Plan } from '../plan/types.ts';
import { type Scenario, scenarioSchema } from './scenario-schema.ts';

const CODE = 'CUTOVER_SCENARIO_INVALID';
const TOP_KEYS = Object.keys(scenarioSchema.shape);

/** YAML, or JSON, which is YAML too. CUTOVER_SCENARIO_INVALID with every problem in `details.problems`. */
export function parseScenario(file: string, text: string): Scenario {
  const root = readTree(file, text);
  const parsed = scenarioSchema.safeParse(root.kind === 'map' ? toValue(root) : {});
  if (parsed.success && root.kind === 'map') return parsed.data;
  const problems = parsed.success
    ? [createProblem(CODE, root.at, '', 'The file is no map of keys.', `Write \`series:\` and so on.`)]
    : parsed.error.issues.flatMap((issue) => toProblems(root, issue));
  throw invalid(problems);
}

/** What the plan's criteria ask for and the file does not have. CUTOVER_SCENARIO_INVALID naming all of it. */
export function requireScenario(file: string, scenario: Scenario, plan: Plan): void {
  const { metrics, checks } = askedBy(plan);
  const missing = [
    ...metrics
      .filter((metric) => !Object.hasOwn(scenario.series, metric))
      .map((metric) => [`series.${metric}`, `series: {${metric}: [{at: 0s, candidate: 1, active: 1}]}`] as const),
    ...checks
      .filter((check) => !Object.hasOwn(scenario.checks, check))
      .map((check) => [`checks.${check}`, `checks: {${check}: [{at: 0s, holds: true}]}`] as const),
  ];
  if (missing.length === 0) return;
  const at = { file, line: 1, column: 1 };
  const problems = missing.map(([key, example]) =>
    createProblem(
      CODE,
      at,
      key,
      `The plan judges \`${key.split('.')[1]}\`, but the file says nothing of it.`,
      `Write \`${example}\`.`,
    ),
  );
  throw invalid(problems);
}

/** The metrics and named checks that a deployment of the plan looks at, each once. */
export function askedBy(plan: Plan): { metrics: string[]; checks: string[] } {
  const { warmup, health_check, performance_validation, decision_window } = plan.phases;
  const phases = [warmup, health_check, performance_validation, decision_window].filter((phase) => phase !== null);
  const criteria: Criterion[] = [
    ...phases.flatMap((phase) => [
      ...phase.success_criteria,
      // Without traffic there is nothing that a trigger could measure.
      ...(phase.traffic_percentage === 0 ? [] : phase.rollback_triggers),
    ]),
    ...plan.switch.steps.flatMap((step) => step.success_criteria),
    ...(plan.observation.duration_ms === 0 ? [] : plan.observation.rollback_triggers),
  ];
  const metrics = criteria.flatMap((one) => (one.kind === 'metric' ? [measuredMetric(one.metric)] : []));
  if (plan.circuit_break !== null) metrics.push('error_rate');
  const checks = criteria.flatMap((one) => (one.kind === 'check' ? [one.check] : []));
  return { metrics: [...new Set(metrics)], checks: [...new Set(checks)] };
}

function readTree(file: string, text: string): Node {
  try {
    return parseYaml(text, (line, column) => ({ file, line, column }));
  } catch (error) {
    if (error instanceof PlanError) throw invalid(error.problems);
    throw error;
  }
}

function toProblems(root: Node, issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const nearest = path.length === 0 ? nearestName(key, TOP_KEYS) : null;
      const hint = nearest === null ? undefined : `Did you mean \`${nearest}\`?`;
      const full = [...path, key];
      return createProblem(CODE, keyPositionOf(root, full), printKey(full), `\`${key}\` is no key here.`, hint);
    });
  }
  const key = printKey(path);
  const expected = expectedOf(issue);
  return [createProblem(CODE, positionOf(root, path), key, `\`${key}\` must be ${expected}.`, `Write ${expected}.`)];
}

function expectedOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'a plain name';
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message;
  const names: Record<string, string> = { object: 'a map of keys', record: 'a map of keys', array: 'a list' };
  return names[issue.expected] ?? `a ${issue.expected}`;
}

function invalid(problems: Problem[]): CutoverError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const text = first === undefined ? 'The file is not valid.' : `${formatProblem(first)} ${first.hint}`;
  return new CutoverError(CODE, `${text}${more}`, { details: { problems } });
}
