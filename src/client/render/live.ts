/** What is measured and waited for at this moment, each with its age. */
import type { LiveReadings } from '../live-readings.ts';
import type { LiveActivity, LiveStatus } from '../live-status.ts';
import type { Canvas } from './canvas.ts';
import { evidenceLines } from './phases.ts';
import { sanitiseAll } from './sanitise.ts';
import { truncate } from './text.ts';
import { LOCAL_TIMES } from './times.ts';
import { span } from './values.ts';

/** Every line fits into `columns`. */
export function renderLive(status: LiveStatus, readings: LiveReadings, canvas: Canvas): string {
  const { colors, columns, times = LOCAL_TIMES } = canvas;
  const { live } = sanitiseAll(status);
  const readAtMs = Date.parse(readings.read_at);
  const lines = [
    '',
    colors.bold(` Live at ${times.near(readings.read_at, canvas.nowMs)}`),
    ...(readings.evidence_age_ms === null
      ? [colors.dim('   nobody is watching at this moment')]
      : [colors.dim(`   judged ${span(readings.evidence_age_ms)} before`)]),
    ...evidenceLines(live.evidence, canvas).map(({ text }) => text),
    ...(live.activities.length === 0 ? [] : [colors.dim('   waited for')]),
    ...live.activities.map((activity) => activityLine(activity, readAtMs, canvas)),
  ];
  return lines.map((line) => truncate(line, columns)).join('\n');
}

function activityLine(activity: LiveActivity, readAtMs: number, { colors }: Canvas): string {
  const { name, detail, attempt, failure, heartbeat_at } = activity;
  const heard = heartbeat_at === null ? 'not heard of yet' : `heard of ${ago(heartbeat_at, readAtMs)}`;
  const facts = [detail, attempt > 1 ? `attempt ${attempt}` : null, failure, heard].filter((fact) => fact !== null);
  const line = `     … ${name}: ${facts.join('; ')}`;
  return failure === null ? line : colors.yellow(line);
}

function ago(at: string, nowMs: number): string {
  return `${span(nowMs - Date.parse(at))} ago`;
}
