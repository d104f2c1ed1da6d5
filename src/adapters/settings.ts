/** An adapter's own settings, read again from the normalised plan: anybody can start raw JSON from the Web UI. */
import type { z } from 'zod';
import { CutoverError } from '../errors.ts';
import type { OtherAdapterPlan } from '../plan/types.ts';

/** Throws CUTOVER_PLAN_VALUE, naming the first key that is not what the schema asks for. */
export function settingsOf<S extends z.ZodType>(schema: S, { kind, ...settings }: OtherAdapterPlan): z.output<S> {
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = [kind, ...(issue?.path ?? [])].join('.');
  throw new CutoverError('CUTOVER_PLAN_VALUE', `the plan's ${key} is not right: ${issue?.message}`);
}
