import { measureAutomatic } from '../lib/automatic-rollback.ts';
import type { Figure } from '../lib/figure.ts';

export const automaticRollback250ms: Figure = {
  name: 'automatic_rollback_250ms',
  title: 'first bad request → all traffic on the old colour, judged every 250 ms over 500 ms',
  unit: 'ms',
  goal: [{ stat: 'p99', below: 1_500 }],
  limitMs: 240_000,
  run: (context) => measureAutomatic(context, { resolutionMs: 250, windowMs: 500, samples: 15 }),
};
