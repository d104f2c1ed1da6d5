/** Every figure, in the order in which they are measured: one line each. */
import { automaticRollback } from './figures/automatic-rollback.ts';
import { automaticRollback250ms } from './figures/automatic-rollback-250ms.ts';
import { events4h } from './figures/events-4h.ts';
import { rollbackCommand } from './figures/rollback-command.ts';
import { rollbackWorkerLost } from './figures/rollback-worker-lost.ts';
import { switches } from './figures/switches.ts';
import type { Figure } from './lib/figure.ts';

export const FIGURES: readonly Figure[] = [
  rollbackCommand,
  automaticRollback,
  automaticRollback250ms,
  switches,
  events4h,
  rollbackWorkerLost,
];
