/** `cutover history`: what happened in a deployment, or in the last ones of a service. */
import type { Command } from 'commander';
import { CutoverError } from '../../errors.ts';
import { parseWorkflowId } from '../deployment-id.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { parseLimit } from './list.ts';
import { type DeploymentOptions, deploymentCommand, finish, idOf, withClient } from './support.ts';

interface HistoryOptions extends DeploymentOptions {
  runId?: string;
  all?: boolean;
  limit: number;
}

export function historyCommand(): Command {
  return deploymentCommand('history', 'show what happened, when, by whom, and what was measured')
    .option('--run-id <id>', 'of the deployment that this run belongs to (default: the newest)')
    .option('-a, --all', 'instead: the last deployments of the service, with their outcomes')
    .option('-n, --limit <count>', 'with --all: at most so many', parseLimit, 20)
    .action((id: string, options: HistoryOptions) =>
      finish(options, (output) => {
        const workflowId = idOf(id, options);
        return options.all === true ? showAll(output, workflowId, options) : showOne(output, workflowId, options);
      }),
    );
}

async function showOne(output: Output, workflowId: string, { runId }: HistoryOptions): Promise<ExitCode> {
  const history = await withClient((client) => client.history(workflowId, runId === undefined ? {} : { runId }));
  if (output.json) {
    output.data(history);
    return EXIT.succeeded;
  }
  const { renderHistory } = await import('../render/history.ts');
  const columns = output.isTerminal ? output.columns : Number.POSITIVE_INFINITY;
  output.line(renderHistory(history, { columns, colors: output.colors, times: output.times, nowMs: Date.now() }));
  if (!history.status.live.answered)
    output.note(`${history.status.live.note ?? 'no worker is answering'}: told from the server's records alone`);
  return EXIT.succeeded;
}

async function showAll(output: Output, workflowId: string, { runId, limit }: HistoryOptions): Promise<ExitCode> {
  if (runId !== undefined)
    throw new CutoverError('CUTOVER_USAGE', '--run-id names one deployment, --all lists several: leave one out.');
  const deployments = await withClient((client) => client.list({ workflowId, limit }));
  if (output.json) output.data(deployments);
  else if (deployments.length === 0)
    output.note(`No deployments of ${parseWorkflowId(workflowId)?.service ?? workflowId}.`);
  else {
    const { renderRuns } = await import('../render/list.ts');
    output.line(renderRuns(deployments, output.colors, output.times));
  }
  return EXIT.succeeded;
}
