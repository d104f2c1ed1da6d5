/** What changed between two looks in what is out of the ordinary: pauses, hooks, error bursts, differences, unsafe data. */
import type { HookStatus } from '../../workflows/api.ts';
import { shortId } from '../deployment-id.ts';
import type { LiveStatus } from '../live-status.ts';
import { words } from './text.ts';

export function noteChanges(old: LiveStatus | null, now: LiveStatus): string[] {
  return [
    ...parityChanges(old, now),
    ...pauseChanges(old, now),
    ...hookChanges(old, now),
    ...circuitChanges(old, now),
    ...forceChanges(old, now),
  ];
}

function parityChanges(old: LiveStatus | null, { parity }: LiveStatus): string[] {
  if (parity === null || parity.length === 0 || old?.parity != null) return [];
  const paths = parity.map(({ path }) => path).join(', ');
  return [`the colours differed at the start in ${parity.length}: ${paths}`];
}

function pauseChanges(old: LiveStatus | null, { paused, workflow_id }: LiveStatus): string[] {
  const before = old?.paused ?? null;
  if (paused === null) return before === null ? [] : ['no longer paused'];
  if (before?.since === paused.since) return [];
  return [`paused by ${paused.by} at ${paused.since}: cutover resume ${shortId(workflow_id)}`];
}

/** The same hook may run again: its record then has another time. */
function hookChanges(old: LiveStatus | null, { hooks }: LiveStatus): string[] {
  const known = new Set((old?.hooks ?? []).map(hookKey));
  return hooks
    .filter((hook) => !known.has(hookKey(hook)))
    .map(({ point, name, state, note }) => `hook ${words(point)}: ${name} ${state}${note === null ? '' : `: ${note}`}`);
}

function hookKey({ point, name, state, at }: HookStatus): string {
  return JSON.stringify([point, name, state, at]);
}

function circuitChanges(old: LiveStatus | null, { circuit }: LiveStatus): string[] {
  if (circuit === null || old?.circuit?.trips === circuit.trips) return [];
  const next = circuit.open_until === null ? '' : `; next try at ${circuit.open_until}`;
  return [`error burst ${circuit.trips} stopped the candidate's share${next}`];
}

function forceChanges(old: LiveStatus | null, { rollback_needs_force: why }: LiveStatus): string[] {
  return why === null || old?.rollback_needs_force === why ? [] : [`a rollback needs force from now on: ${why}`];
}
