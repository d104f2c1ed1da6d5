/** What a first plan is made of. */
import type { LiveService } from '../../direct/kubernetes/live-service.ts';

export const STRATEGIES = ['instant', 'gradual', 'validation'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export interface Answers {
  service: string;
  version: string;
  platform: string;
  strategy: Strategy;
  /** The candidate's shares, percent, of `gradual`. */
  steps: number[];
  /** Empty: nobody is asked. */
  approvers: string[];
  /** As a plan writes durations. */
  observation: string;
  /** What stands behind a Service of a cluster; null: nobody looked. */
  live: LiveService | null;
}
