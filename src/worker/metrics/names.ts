/** The values that labels take. Complete by their types. */
import { type DeployPhase, type Outcome, PHASES, type PhaseName } from '../../workflows/api.ts';

export const OUTCOMES = Object.keys({
  succeeded: true,
  rolled_back: true,
  rejected: true,
  inconclusive: true,
  stuck: true,
} satisfies Record<Outcome, true>) as Outcome[];

type OpenPhase = Exclude<DeployPhase, 'closed'>;

const OTHER_PHASES = Object.keys({
  claim: true,
  rolling_back: true,
  stuck: true,
  keep_failed: true,
} satisfies Record<Exclude<OpenPhase, PhaseName>, true>) as OpenPhase[];

/** Where an open deployment can be. */
export const OPEN_PHASES: OpenPhase[] = [...PHASES, ...OTHER_PHASES];
