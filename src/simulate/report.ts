/** What a simulated deployment did, in the order in which it did it. */
import { formatExposure } from '../plan/exposure.ts';
import { formatWeights } from '../plan/weights.ts';
import type { DeploymentStatus, Outcome } from '../workflows/api.ts';
import type { ScriptedMessage } from './scenario-schema.ts';
import type { Stage } from './stage.ts';

export interface SimulatedEvent {
  /** Since the start, on the simulated clock. */
  after_ms: number;
  kind: 'phase' | 'traffic' | 'message' | 'rollback' | 'hook' | 'told';
  text: string;
}

export interface SimulationReport {
  outcome: Outcome | null;
  reason: string | null;
  /** From the start to the end of the run, lease and clean-up included. */
  simulated_ms: number;
  took_ms: number;
  events: SimulatedEvent[];
  /** Messages whose moment never came. */
  not_sent: { name: string; by: string | null }[];
  status: DeploymentStatus;
}

export function reportOf(
  stage: Stage,
  status: DeploymentStatus,
  notSent: readonly ScriptedMessage[],
  times: { ended_at_ms: number; took_ms: number },
): SimulationReport {
  return {
    outcome: status.outcome,
    reason: status.reason,
    simulated_ms: times.ended_at_ms - stage.course.started_at_ms,
    took_ms: times.took_ms,
    events: eventsOf(stage, status),
    not_sent: notSent.map(({ name, by }) => ({ name, by: by ?? null })),
    status,
  };
}

type Dated = Omit<SimulatedEvent, 'after_ms'> & { at_ms: number };

function eventsOf({ course, told }: Pick<Stage, 'course' | 'told'>, status: DeploymentStatus): SimulatedEvent[] {
  const dated: Dated[] = [
    ...phaseEvents(status),
    ...course.shifts.slice(1).map(({ at_ms, weights, exposed }) => {
      const beside = exposed === undefined ? '' : `; to the candidate: ${formatExposure(exposed)}`;
      return { at_ms, kind: 'traffic' as const, text: `${formatWeights(weights)}${beside}` };
    }),
    ...messageEvents(status),
    ...status.hooks.map(({ at, point, name, state, note }) => ({
      at_ms: Date.parse(at),
      kind: 'hook' as const,
      text: `${words(point)} ${name}: ${state}${note === null ? '' : ` (${note})`}`,
    })),
    ...rollbackEvents(status),
    ...told.map(({ at, title, detail }) => ({
      at_ms: Date.parse(at),
      kind: 'told' as const,
      text: `${title}: ${detail}`,
    })),
  ];
  return dated
    .sort((one, other) => one.at_ms - other.at_ms)
    .map(({ at_ms, ...event }) => ({ after_ms: Math.max(0, at_ms - course.started_at_ms), ...event }));
}

function phaseEvents({ phases }: DeploymentStatus): Dated[] {
  return phases.flatMap(({ name, state, started_at, ended_at, note }) => {
    if (started_at === null) return [];
    const begun = { at_ms: Date.parse(started_at), kind: 'phase' as const, text: `${words(name)} begins` };
    if (ended_at === null) return [begun];
    const text = `${words(name)} ${state}${note === null ? '' : `: ${note}`}`;
    return [begun, { at_ms: Date.parse(ended_at), kind: 'phase' as const, text }];
  });
}

function messageEvents({ messages }: DeploymentStatus): Dated[] {
  return messages.map(({ at, name, by, accepted, note }) => ({
    at_ms: Date.parse(at),
    kind: 'message' as const,
    text: `${words(name)} by ${by}: ${accepted ? note : `refused: ${note}`}`,
  }));
}

function rollbackEvents({ rollback }: DeploymentStatus): Dated[] {
  if (rollback === null) return [];
  const { requested_at, reason, from_phase } = rollback;
  const text = `from ${words(from_phase)}: ${reason}`;
  return [{ at_ms: Date.parse(requested_at), kind: 'rollback', text }];
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}
