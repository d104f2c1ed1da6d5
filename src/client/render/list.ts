/** Deployments as a table. */
import Table from 'cli-table3';
import { shortId } from '../deployment-id.ts';
import type { DeploymentSummary } from '../summary.ts';
import type { Colors } from './canvas.ts';
import { paintOutcome } from './notes.ts';
import { sanitiseAll } from './sanitise.ts';
import { words } from './text.ts';
import { LOCAL_TIMES, type Times } from './times.ts';

const HEAD = ['service', 'environment', 'version', 'phase', 'outcome', 'started', 'id'];
const RUNS_HEAD = ['started', 'version', 'by', 'phase', 'outcome', 'ended', 'run'];
const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export function renderList(
  deployments: readonly DeploymentSummary[],
  colors: Colors,
  times: Times = LOCAL_TIMES,
): string {
  const rows = sanitiseAll([...deployments]).map((one) => row(one, colors, times));
  return tableOf(HEAD, rows, colors);
}

/** The deployments of one service, each with its newest run. */
export function renderRuns(
  deployments: readonly DeploymentSummary[],
  colors: Colors,
  times: Times = LOCAL_TIMES,
): string {
  const rows = sanitiseAll([...deployments]).map((one) => [
    times.full(one.started_at),
    one.version ?? '?',
    one.started_by ?? '?',
    words(one.phase),
    outcomeOf(one, colors),
    one.closed_at === null ? '' : times.full(one.closed_at),
    one.run_id,
  ]);
  return tableOf(RUNS_HEAD, rows, colors);
}

function tableOf(head: readonly string[], rows: readonly string[][], colors: Colors): string {
  const table = new Table({
    head: head.map((name) => colors.dim(name)),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function outcomeOf({ outcome, execution }: DeploymentSummary, colors: Colors): string {
  if (outcome !== null) return paintOutcome(outcome, { colors });
  return execution === 'running' || execution === 'completed' ? '' : words(execution);
}

function row(one: DeploymentSummary, colors: Colors, times: Times): string[] {
  return [
    one.service,
    one.target === null ? one.environment : `${one.environment} @ ${one.target}`,
    one.version ?? '?',
    words(one.phase),
    outcomeOf(one, colors),
    times.full(one.started_at),
    shortId(one.workflow_id),
  ];
}
