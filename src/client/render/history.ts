/** A deployment's history as a timeline: what happened, when, by whom, and what was measured. */
import type { Evidence } from '../../workflows/api.ts';
import type { DeploymentHistory, HistoryEntry } from '../history/read.ts';
import type { Canvas, Colors } from './canvas.ts';
import { outcomeLines } from './notes.ts';
import { evidenceLines } from './phases.ts';
import { sanitiseAll } from './sanitise.ts';
import { truncate } from './text.ts';
import { LOCAL_TIMES } from './times.ts';

const MARGIN = '            ';

/** Every line fits into `columns`. The strings of the history may come from anywhere. */
export function renderHistory(history: DeploymentHistory, canvas: Canvas): string {
  const { colors, times = LOCAL_TIMES } = canvas;
  const { status, entries, complete, run_ids } = sanitiseAll(history);
  const where = status.target === null ? status.environment : `${status.environment} @ ${status.target}`;
  const began = entries[0]?.at ?? status.started_at;
  const lines = [
    `${colors.bold(`${status.service} ${status.version}`)} → ${colors.bold(where)}, started by ${status.started_by}`,
    colors.dim(`${status.workflow_id} · ${run_ids.length === 1 ? 'run' : 'runs'} ${run_ids.join(', ')}`),
    ...(complete ? [] : [colors.yellow(' ! Its beginning is no longer kept by the server.')]),
    ...entryLines(entries, canvas),
    ...recordedEvidence(status, entries, canvas),
    ...outcomeLines({ ...status, rollback: null }, canvas),
    '',
    colors.dim(`Times in ${times.zone(began)}.`),
  ];
  return lines.map((line) => truncate(times.inText(line), canvas.columns)).join('\n');
}

/** The day stands above its first entry. */
function entryLines(entries: readonly HistoryEntry[], canvas: Canvas): string[] {
  const { colors, times = LOCAL_TIMES } = canvas;
  let day = '';
  return entries.flatMap((entry) => {
    const date = times.date(entry.at);
    const heading = date === day ? [] : ['', colors.dim(date)];
    day = date;
    return [...heading, entryLine(entry, canvas), ...evidenceBlock(entry.evidence, canvas)];
  });
}

function entryLine({ at, kind, text, by }: HistoryEntry, { colors, times = LOCAL_TIMES }: Canvas): string {
  const who = by === null ? '' : colors.dim(` · ${by}`);
  return `  ${times.clock(at)}  ${paint(kind, text, colors)}${who}`;
}

function paint(kind: HistoryEntry['kind'], text: string, colors: Colors): string {
  switch (kind) {
    case 'phase':
      return colors.bold(`▶ ${text}`);
    case 'start':
    case 'outcome':
    case 'end':
      return colors.bold(text);
    case 'traffic':
      return colors.cyan(`traffic: ${text}`);
    case 'message':
      return colors.green(`✉ ${text}`);
    case 'hook':
      return `hook ${text}`;
    case 'people':
    case 'rollback':
    case 'worker':
      return colors.yellow(`! ${text}`);
    case 'watch':
      return text;
    case 'step':
      return colors.dim(text);
  }
}

function evidenceBlock(evidence: Evidence | null, canvas: Canvas): string[] {
  return evidenceLines(evidence, canvas).map(({ text }) => `${MARGIN.slice(5)}${text}`);
}

/** What the deployment has kept of phases whose watcher's own word is not among the events. */
function recordedEvidence(
  { phases }: DeploymentHistory['status'],
  entries: readonly HistoryEntry[],
  canvas: Canvas,
): string[] {
  const told = new Set(entries.map(({ evidence }) => evidence?.at));
  const missing = phases.filter(({ evidence }) => evidence !== null && !told.has(evidence.at));
  if (missing.length === 0) return [];
  return [
    '',
    canvas.colors.dim('Measured'),
    ...missing.flatMap(({ name, evidence }) => [`  ${name.replaceAll('_', ' ')}`, ...evidenceBlock(evidence, canvas)]),
  ];
}
