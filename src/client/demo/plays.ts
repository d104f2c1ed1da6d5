/** The four deployments of the demo: what is done in each, and what is to come of it. */
import type { DeploymentStatus, Outcome } from '../../workflows/api.ts';
import type { Figures } from './figures.ts';

export interface Play {
  version: string;
  /** What it is, for people. */
  title: string;
  /** Over examples/demo.yaml. */
  sets: readonly string[];
  killWorker: boolean;
  /** What a person does in the lease. */
  inLease: 'release' | 'rollback';
  intended: Outcome;
  /** What else did not go as intended; empty when all did. */
  check(status: DeploymentStatus, figures: Figures, resumedAfterMs: number | null): string[];
}

/** The share that the plan gives a candidate for its performance validation. */
const VALIDATION_SHARE = 10;

export const PLAYS: readonly Play[] = [
  {
    version: '2.0.0',
    title: 'healthy, worker lost',
    sets: [],
    killWorker: true,
    inLease: 'release',
    intended: 'succeeded',
    check: (_status, _figures, resumedAfterMs) =>
      resumedAfterMs === null ? ['nobody went on watching after the worker was killed'] : [],
  },
  {
    version: '3.0.0',
    title: 'too slow',
    sets: [],
    killWorker: false,
    inLease: 'rollback',
    intended: 'rolled_back',
    check: ({ rollback }, { maxShareEver }) => [
      ...(rollback?.from_phase === 'performance_validation' ? [] : [`it was stopped in ${rollback?.from_phase}`]),
      ...(maxShareEver <= VALIDATION_SHARE ? [] : [`it had ${maxShareEver} % of the traffic`]),
    ],
  },
  {
    version: '4.0.0',
    title: 'breaks once switched',
    sets: [],
    killWorker: false,
    inLease: 'rollback',
    intended: 'rolled_back',
    check: ({ rollback }, { maxShareEver }) => [
      ...(rollback?.automatic === true ? [] : ['it was not rolled back automatically']),
      ...(maxShareEver === 100 ? [] : [`it had at most ${maxShareEver} % of the traffic`]),
    ],
  },
  {
    version: '5.0.0',
    title: 'healthy, taken back',
    sets: ['observation.duration=3s'],
    killWorker: false,
    inLease: 'rollback',
    intended: 'rolled_back',
    check: ({ rollback }) =>
      rollback?.from_phase === 'lease' && !rollback.automatic ? [] : ['it was not rolled back from its lease'],
  },
];
