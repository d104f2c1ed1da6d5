/** Every figure, in the order in which they are measured: one line each. */
import { automaticRollback } from './figures/automatic-rollback.ts';
import { automaticRollback250ms } from './figures/automatic-rollback-250ms.ts';
import { aws } from './figures/aws.ts';
import { concurrent } from './figures/concurrent.ts';
import { events4h } from './figures/events-4h.ts';
import { help } from './figures/help.ts';
import { kubernetes } from './figures/kubernetes.ts';
import { prometheus } from './figures/prometheus.ts';
import { replay } from './figures/replay.ts';
import { resume } from './figures/resume.ts';
import { rollbackCommand } from './figures/rollback-command.ts';
import { rollbackWorkerLost } from './figures/rollback-worker-lost.ts';
import { startsPerSecond } from './figures/starts-per-second.ts';
import { status } from './figures/status.ts';
import { switches } from './figures/switches.ts';
import type { Figure } from './lib/figure.ts';

export const FIGURES: readonly Figure[] = [
  rollbackCommand,
  automaticRollback,
  automaticRollback250ms,
  switches,
  events4h,
  rollbackWorkerLost,
  resume,
  replay,
  help,
  status,
  startsPerSecond,
  prometheus,
  kubernetes,
  aws,
  concurrent,
];
