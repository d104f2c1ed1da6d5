/** What a first plan is made of. */
import type { LiveAws } from '../../direct/aws/live.ts';
import type { LiveService } from '../../direct/kubernetes/live-service.ts';

export const STRATEGIES = ['instant', 'gradual', 'validation'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export type Live = LiveService | LiveAws;

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
  /** What stands behind a Service of a cluster, or a router of AWS; null: nobody looked. */
  live: Live | null;
}
