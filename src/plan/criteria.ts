/**
 * The grammar of a criterion: `METRIC OP EXPR` or `NAME`. OP is `<` `<=` `>` `>=`. EXPR is a number with an optional unit
 * (`%` `ms` `s`), `baseline`, `baseline + N`, `baseline - N`, `baseline * N` or `baseline + N%` (of the baseline).
 * Pure: workflow code imports it.
 */
import { BUILT_IN_CHECKS, type BuiltInMetric, builtInMetric } from './metrics.ts';
import type { Comparison, Criterion, Expression } from './types.ts';

export const MAX_CRITERION_LENGTH = 200;

/** Why a text is no criterion. `offset`: where in the text, from 0. */
export interface CriterionProblem {
  kind: 'problem';
  message: string;
  hint: string;
  offset: number;
}

const NUMBER = '\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?';
/** What a check may be called. */
export const CHECK_NAME = /^[A-Za-z_][\w.:-]*$/;
const COMPARED = /^([A-Za-z_]\w*)(\s*)(<=|>=|<|>)(\s*)(.*)$/s;
const CONSTANT = new RegExp(`^(-?${NUMBER})\\s*(%|[A-Za-z]\\w*)?$`);
const BASELINE = new RegExp(`^baseline(?:\\s*([+*-])\\s*(${NUMBER})\\s*(%|[A-Za-z]\\w*)?)?$`);
const FORMS = 'Write METRIC < NUMBER, METRIC < baseline + NUMBER, or the name of a check.';

/**
 * Reads one criterion. Values come out in the metric's unit: percent, or milliseconds for a latency. A latency without
 * a unit is taken as milliseconds (`isUnitMissing` tells). A metric that is not built in has the unit of its query:
 * `ms` and `s` then say that the query answers milliseconds.
 */
export function parseCriterion(text: string): Criterion | CriterionProblem {
  const source = text.trim();
  if (source === '') return problem('The criterion is empty.', FORMS, 0);
  if (source.length > MAX_CRITERION_LENGTH) {
    return problem(`The criterion is longer than ${MAX_CRITERION_LENGTH} characters.`, FORMS, MAX_CRITERION_LENGTH);
  }
  const compared = COMPARED.exec(source);
  if (compared === null) return parseCheck(source);
  const [, metric = '', space = '', op = '', gap = '', right = ''] = compared;
  const offset = metric.length + space.length + op.length + gap.length;
  if (Object.hasOwn(BUILT_IN_CHECKS, metric)) {
    return problem(`\`${metric}\` is a named check, not a number.`, `Write \`${metric}\` alone.`, 0);
  }
  const expr = parseExpression(metric, op as Comparison, right, offset);
  if (expr.kind === 'problem') return expr;
  return { kind: 'metric', source, metric, op: op as Comparison, expr };
}

/** Whether a latency is compared with a bare number, which is read as milliseconds but may have been meant as seconds. */
export function isUnitMissing(criterion: Criterion): boolean {
  if (criterion.kind !== 'metric' || criterion.expr.kind !== 'constant') return false;
  return builtInMetric(criterion.metric)?.unit === 'ms' && /[\d.]$/.test(criterion.source);
}

/** The canonical text; `parseCriterion` reads it back to the same criterion, apart from `source`. */
export function printCriterion(criterion: Criterion): string {
  if (criterion.kind === 'check') return criterion.check;
  return `${criterion.metric} ${criterion.op} ${printExpression(criterion.metric, criterion.expr)}`;
}

function printExpression(metric: string, expr: Expression): string {
  const suffix = { percent: '%', ms: 'ms', number: '' }[builtInMetric(metric)?.unit ?? 'number'];
  if (expr.kind === 'constant') return `${expr.value}${suffix}`;
  switch (expr.adjust) {
    case 'none':
      return 'baseline';
    case 'add':
      // `+ N%` would mean a part of the baseline.
      return `baseline + ${expr.value}${suffix === '%' ? '' : suffix}`;
    case 'subtract':
      return `baseline - ${expr.value}${suffix === '%' ? '' : suffix}`;
    case 'multiply':
      return `baseline * ${expr.value}`;
    case 'add_percent':
      return `baseline + ${expr.value}%`;
  }
}

function parseCheck(source: string): Criterion | CriterionProblem {
  const wrong = /[=!]=?|[<>]/.exec(source);
  if (wrong !== null) {
    return problem(
      `\`${wrong[0]}\` is no comparison here.`,
      'Write METRIC, then one of < <= > >=, then a number.',
      wrong.index,
    );
  }
  if (!CHECK_NAME.test(source)) return problem('Neither a comparison nor the name of a check.', FORMS, 0);
  if (builtInMetric(source) !== null) {
    return problem(
      `\`${source}\` is a metric and is compared with nothing.`,
      `Write for example \`${source} < 5\`.`,
      source.length,
    );
  }
  return { kind: 'check', source, check: source };
}

function parseExpression(metric: string, op: Comparison, right: string, offset: number): Expression | CriterionProblem {
  const known = builtInMetric(metric);
  const constant = CONSTANT.exec(right);
  if (constant !== null) {
    const value = inUnit(known, Number(constant[1]), constant[2]);
    if (typeof value === 'string')
      return problem(value, unitHint(known), offset + right.length - (constant[2]?.length ?? 0));
    const decided = decidedAlready(metric, known, op, value);
    if (decided !== null) return problem(decided, rangeHint(known), offset);
    return { kind: 'constant', value };
  }
  const baseline = BASELINE.exec(right);
  if (baseline === null) {
    return problem(
      right === '' ? 'Nothing stands after the comparison.' : `\`${right}\` is neither a number nor a baseline.`,
      'Write a number with %, ms or s, or baseline, baseline + N, baseline - N, baseline * N, baseline + N%.',
      offset,
    );
  }
  if (known !== null && !known.has_baseline) {
    return problem(
      `\`${metric}\` is already a comparison with the baseline.`,
      `Write for example \`${metric} ${op} 2\`.`,
      offset,
    );
  }
  return parseBaseline(known, baseline, offset + right.length);
}

function parseBaseline(
  known: BuiltInMetric | null,
  match: RegExpExecArray,
  end: number,
): Expression | CriterionProblem {
  const [, sign, digits, unit] = match;
  if (sign === undefined) return { kind: 'baseline', adjust: 'none', value: 0 };
  const amount = Number(digits);
  const at = end - (unit?.length ?? 0);
  if (!Number.isFinite(amount)) return problem(`${digits} is too large.`, FORMS, at);
  if (sign === '*') {
    if (unit !== undefined) return problem('A factor has no unit.', 'Write for example `baseline * 1.5`.', at);
    if (amount === 0)
      return problem('A factor of 0 leaves nothing of the baseline.', 'Write for example `baseline * 1.5`.', at);
    return { kind: 'baseline', adjust: 'multiply', value: amount };
  }
  if (unit === '%') {
    if (sign === '+') return { kind: 'baseline', adjust: 'add_percent', value: amount };
    const factor = Number((1 - amount / 100).toPrecision(12));
    return problem('A part of the baseline can be added, not subtracted.', `Write \`baseline * ${factor}\`.`, at);
  }
  const value = inUnit(known, amount, unit);
  if (typeof value === 'string') return problem(value, unitHint(known), at);
  return { kind: 'baseline', adjust: sign === '+' ? 'add' : 'subtract', value };
}

/** The value in the metric's unit, or why the unit does not fit. */
function inUnit(known: BuiltInMetric | null, value: number, unit: string | undefined): number | string {
  if (!Number.isFinite(value)) return 'The number is too large.';
  if (unit === undefined) return value;
  if (unit !== '%' && unit !== 'ms' && unit !== 's') return `\`${unit}\` is no unit.`;
  const fits = known === null || (unit === '%' ? known.unit === 'percent' : known.unit === 'ms');
  if (!fits) return `The unit \`${unit}\` does not fit the metric.`;
  // Twelve digits: 2.3 s are 2300 ms, not 2299.9999999999995.
  return unit === 's' ? Number((value * 1000).toPrecision(12)) : value;
}

/** What is wrong with a comparison that every possible value of the metric answers alike; null: nothing. */
function decidedAlready(metric: string, known: BuiltInMetric | null, op: Comparison, limit: number): string | null {
  if (known === null) return null;
  const min = known.min ?? Number.NEGATIVE_INFINITY;
  const max = known.max ?? Number.POSITIVE_INFINITY;
  const answers = {
    '<': { always: max < limit, never: min >= limit },
    '<=': { always: max <= limit, never: min > limit },
    '>': { always: min > limit, never: max <= limit },
    '>=': { always: min >= limit, never: max < limit },
  }[op];
  if (answers.always) return `\`${metric} ${op} ${limit}\` is always true.`;
  return answers.never ? `\`${metric} ${op} ${limit}\` can never be true.` : null;
}

function unitHint(known: BuiltInMetric | null): string {
  if (known?.unit === 'percent') return 'This metric is in percent: write a number, with % or without.';
  if (known?.unit === 'ms') return 'This metric is a latency: write for example 250ms or 2s.';
  return known === null ? 'The units are %, ms and s.' : 'This metric has no unit: write a bare number.';
}

function rangeHint(known: BuiltInMetric | null): string {
  if (known?.unit === 'percent') return 'Percent go from 0 to 100: `error_rate < 1` is one in a hundred.';
  return 'It takes values from 0 up.';
}

function problem(message: string, hint: string, offset: number): CriterionProblem {
  return { kind: 'problem', message, hint, offset };
}
