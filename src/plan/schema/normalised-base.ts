/** What the zod schemas of normalised plans share: bounded values, and criteria that mean what they show. */
import { z } from 'zod';
import { MAX_CRITERION_LENGTH, parseCriterion } from '../criteria.ts';
import type { Criterion } from '../types.ts';
import { MAX_LIST, MAX_TEXT } from './base.ts';

export const milliseconds = z.int('whole milliseconds').min(0, 'milliseconds from 0');
export const share = z.number('a percentage').min(0, 'a percentage from 0').max(100, 'a percentage up to 100');
export const name = z
  .string('a text')
  .min(1, 'a text that is not empty')
  .max(MAX_TEXT, `at most ${MAX_TEXT} characters`);
export const status = z.int('a status').min(100, 'a status from 100').max(599, 'a status up to 599');
const amount = z.number('a number');
const source = z.string('a text').min(1).max(MAX_CRITERION_LENGTH);

const expression = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), value: amount }),
  z.strictObject({
    kind: z.literal('baseline'),
    adjust: z.enum(['none', 'add', 'subtract', 'multiply', 'add_percent']),
    value: amount,
  }),
]);
const metric = z.strictObject({
  kind: z.literal('metric'),
  source,
  metric: name,
  op: z.enum(['<', '<=', '>', '>=']),
  expr: expression,
});
const MEANS_WHAT_IT_SAYS = 'a criterion that means what its `source` says';
export const metricCriterion = metric.refine(saysWhatItShows, MEANS_WHAT_IT_SAYS);
const criterion = z
  .discriminatedUnion('kind', [metric, z.strictObject({ kind: z.literal('check'), source, check: name })])
  .refine(saysWhatItShows, MEANS_WHAT_IT_SAYS);
export const criteria = z.array(criterion, 'a list of criteria').max(MAX_LIST, `at most ${MAX_LIST} criteria`);

/** People approve what `source` shows; what is judged must be the same. */
function saysWhatItShows(criterion: Criterion): boolean {
  const shown = parseCriterion(criterion.source);
  if (shown.kind === 'check') return criterion.kind === 'check' && shown.check === criterion.check;
  if (shown.kind === 'problem' || criterion.kind === 'check') return false;
  const { metric, op, expr } = shown;
  return metric === criterion.metric && op === criterion.op && sameExpression(expr, criterion.expr);
}

function sameExpression(
  one: (Criterion & { kind: 'metric' })['expr'],
  other: (Criterion & { kind: 'metric' })['expr'],
): boolean {
  if (one.value !== other.value) return false;
  if (one.kind === 'constant' || other.kind === 'constant') return one.kind === other.kind;
  return one.adjust === other.adjust;
}
