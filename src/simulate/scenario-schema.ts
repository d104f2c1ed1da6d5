/** The file of metrics that a simulation runs on, as written and as it is used. */
import { z } from 'zod';
import { CHECK_NAME } from '../plan/criteria.ts';
import { parseDuration } from '../plan/duration.ts';
import { MESSAGES, PHASES, type PhaseName } from '../workflows/api.ts';

/** An instant on the simulated clock: so long after the deployment's start, or after the begin of a phase. */
export interface Moment {
  phase: PhaseName | null;
  offset_ms: number;
}

export const MOMENT_FORM = 'a duration since the start such as 30s, or PHASE+DURATION such as observation+10m';
const DURATION_FORM = 'a duration such as 30s, 5m or 1h30m';

/** Null: it is no moment. A phase alone is its begin. */
export function parseMoment(text: string): Moment | null {
  const [first = '', offset, ...rest] = text.split('+').map((part) => part.trim());
  if (rest.length > 0) return null;
  const phase = PHASES.find((name) => name === first) ?? null;
  if (phase !== null && offset === undefined) return { phase, offset_ms: 0 };
  if (phase === null && offset !== undefined) return null;
  const offsetMs = parseDuration(offset ?? first);
  return offsetMs === null || offsetMs < 0 ? null : { phase, offset_ms: offsetMs };
}

const moment = z.string({ error: MOMENT_FORM }).transform((text, context): Moment => {
  const parsed = parseMoment(text);
  if (parsed !== null) return parsed;
  context.addIssue({ code: 'custom', message: MOMENT_FORM });
  return z.NEVER;
});

const duration = z
  .string({ error: DURATION_FORM })
  .refine((text) => parseDuration(text) !== null, { error: DURATION_FORM });

const value = z.number().optional();

const seriesPoint = z
  .strictObject({ at: moment, candidate: value, active: value, blue: value, green: value })
  .refine(({ at: _at, ...values }) => Object.values(values).some((given) => given !== undefined), {
    error: 'a value of `candidate`, `active`, `blue` or `green`',
  });

const name = (form: RegExp, expected: string) => z.string().regex(form, { error: expected });
const metricName = name(/^[A-Za-z_]\w*$/, 'the name of a metric');

const message = z.strictObject({
  at: moment,
  name: z.enum(MESSAGES, { error: `one of ${MESSAGES.join(', ')}` }),
  by: z.string().optional(),
  reason: z.string().optional(),
  force: z.boolean().optional(),
  duration: duration.optional(),
});

const noData = z.strictObject({ from: moment, to: moment });

export const scenarioSchema = z.strictObject({
  series: z.record(metricName, z.array(seriesPoint).min(1, { error: 'a list of values' })).default({}),
  requests_per_second: z.number().positive({ error: 'a number above 0' }).max(1_000_000).default(100),
  checks: z
    .record(
      name(CHECK_NAME, 'the name of a check'),
      z.array(z.strictObject({ at: moment, holds: z.boolean() })).min(1, { error: 'a list of moments' }),
    )
    .default({}),
  messages: z.array(message).default([]),
  no_data: z.array(noData).default([]),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type SeriesPoint = Scenario['series'][string][number];
export type CheckPoint = Scenario['checks'][string][number];
export type ScriptedMessage = Scenario['messages'][number];
