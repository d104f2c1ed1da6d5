/** Deployments as a table. */
import Table from 'cli-table3';
import { shortId } from '../deployment-id.ts';
import type { DeploymentSummary } from '../summary.ts';
import type { Colors } from './canvas.ts';
import { paintOutcome } from './notes.ts';
import { sanitiseAll, words } from './text.ts';

const HEAD = ['service', 'environment', 'version', 'phase', 'outcome', 'started', 'id'];
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

export function renderList(deployments: readonly DeploymentSummary[], colors: Colors): string {
  const table = new Table({
    head: HEAD.map((name) => colors.dim(name)),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const deployment of sanitiseAll([...deployments])) table.push(row(deployment, colors));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function row(one: DeploymentSummary, colors: Colors): string[] {
  const { outcome, execution } = one;
  const abnormal = execution !== 'running' && execution !== 'completed' ? words(execution) : '';
  return [
    one.service,
    one.target === null ? one.environment : `${one.environment} @ ${one.target}`,
    one.version ?? '?',
    words(one.phase),
    outcome === null ? abnormal : paintOutcome(outcome, { colors }),
    one.started_at.replace('T', ' ').slice(0, 19),
    shortId(one.workflow_id),
  ];
}
