/** What is out of the ordinary in a run: that it is paused, how the colours differ, hooks, error bursts, unsafe data. */
import type { HookStatus } from '../../workflows/api.ts';
import { shortId } from '../deployment-id.ts';
import type { LiveStatus } from '../live-status.ts';
import type { Canvas } from './canvas.ts';
import { words } from './text.ts';
import { LOCAL_TIMES } from './times.ts';
import { remaining } from './values.ts';

const SHOWN_DIFFERENCES = 10;
const SHOWN_HOOKS = 5;

export function pauseLines(
  { paused, workflow_id }: LiveStatus,
  { colors, nowMs, times = LOCAL_TIMES }: Canvas,
): string[] {
  if (paused === null) return [];
  const reason = paused.reason === null ? '' : ` (${paused.reason})`;
  const left = paused.remaining_ms === null ? '' : `; its window has ${remaining(paused.remaining_ms)} left`;
  const since = times.near(paused.since, nowMs);
  return [
    '',
    colors.yellow(` ‖ Paused since ${since} by ${paused.by}${reason}${left}. Watching goes on.`),
    `   cutover resume ${shortId(workflow_id)}`,
  ];
}

export function circuitLines({ circuit }: LiveStatus, { colors, nowMs }: Canvas): string[] {
  if (circuit === null) return [];
  const bursts = circuit.trips === 1 ? '1 error burst' : `${circuit.trips} error bursts`;
  const open = circuit.open_until === null ? '' : `; next try in ${remaining(Date.parse(circuit.open_until) - nowMs)}`;
  return ['', colors.yellow(` ! ${bursts} stopped the candidate's share${open}`)];
}

/** Only while a rollback can be asked for. */
export function forceLines({ rollback_needs_force, workflow_id, live }: LiveStatus, { colors }: Canvas): string[] {
  if (rollback_needs_force === null || live.execution !== 'running') return [];
  return [
    '',
    colors.yellow(` ! A rollback needs force: ${rollback_needs_force}`),
    `   cutover rollback ${shortId(workflow_id)} --force`,
  ];
}

export function parityLines({ parity, colours }: LiveStatus, { colors }: Canvas): string[] {
  if (parity === null || parity.length === 0) return [];
  const { active, candidate } = colours ?? { active: 'active', candidate: 'standby' };
  const shown = parity.slice(0, SHOWN_DIFFERENCES).map((difference) => {
    const { path, active: has, standby } = difference;
    return colors.dim(`   ${path}: ${active} ${has ?? 'has none'}, ${candidate} ${standby ?? 'has none'}`);
  });
  const left = parity.length - shown.length;
  const more = left <= 0 ? [] : [colors.dim(`   … and ${left} more; --json lists all`)];
  return ['', colors.dim(' The colours differed at the start'), ...shown, ...more];
}

export function hookLines({ hooks }: LiveStatus, canvas: Canvas): string[] {
  const latest = hooks.slice(-SHOWN_HOOKS);
  if (latest.length === 0) return [];
  return ['', canvas.colors.dim(' Hooks'), ...latest.map((hook) => hookLine(hook, canvas))];
}

function hookLine({ point, name, state, at, note }: HookStatus, { colors, times = LOCAL_TIMES }: Canvas): string {
  const line = `   ${times.clock(at)} ${words(point)}: ${name} ${state}${note === null ? '' : `: ${note}`}`;
  return state === 'failed' ? colors.red(line) : colors.dim(line);
}
