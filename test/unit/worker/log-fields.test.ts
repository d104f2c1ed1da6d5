import type { Context } from '@temporalio/activity';
import { expect, it } from 'vitest';
import { activityLogFields } from '../../../src/worker/log-fields.ts';

/** The fields of a line that an activity with these arguments logs. */
async function fields(...args: unknown[]): Promise<Record<string, unknown>> {
  const { inbound, outbound } = activityLogFields({} as Context);
  await inbound?.execute?.({ args, headers: {} }, async () => undefined);
  return outbound?.getLogAttributes?.({ workflowId: 'cutover/production/shop' }, (input) => input) ?? {};
}

it.each([
  { title: 'a watcher', args: [{ stage: 'observation' }], phase: 'observation' },
  { title: 'an activity without a stage', args: [{ colour: 'blue' }], phase: undefined },
  { title: 'an activity whose stage is no text', args: [{ stage: 3 }], phase: undefined },
  { title: 'an activity without an argument', args: [], phase: undefined },
])('the lines of $title name the phase $phase', async ({ args, phase }) => {
  expect(await fields(...args)).toEqual({
    workflowId: 'cutover/production/shop',
    ...(phase === undefined ? {} : { phase }),
  });
});
