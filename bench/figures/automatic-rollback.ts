import { measureAutomatic } from '../lib/automatic-rollback.ts';
import type { Figure } from '../lib/figure.ts';

export const automaticRollback: Figure = {
  name: 'automatic_rollback_ms',
  title: 'first bad request → all traffic on the old colour, judged every second over 2 s',
  unit: 'ms',
  goal: [{ stat: 'p99', below: 4_000 }],
  limitMs: 240_000,
  run: (context) => measureAutomatic(context, { resolutionMs: 1_000, windowMs: 2_000, samples: 15 }),
};
