/** `cutover status`: one look at a deployment. */
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { LiveStatus } from '../live-status.ts';
import type { Output } from '../output.ts';
import { type DeploymentOptions, deploymentCommand, finish, idOf, withSession } from './support.ts';

interface StatusOptions extends DeploymentOptions {
  live?: boolean;
}

export function statusCommand(): Command {
  return deploymentCommand('status', 'show a deployment')
    .option('-l, --live', "wait up to 5 s for the watcher's next reading; tell how old it is, and what is waited for")
    .action((id: string, options: StatusOptions) =>
      finish(options, (output) =>
        options.live === true ? showLive(output, idOf(id, options)) : show(output, idOf(id, options)),
      ),
    );
}

/** When no worker answers, what the server has recorded is shown, and said to be that. */
async function show(output: Output, workflowId: string): Promise<ExitCode> {
  const { readStatus } = await import('../status.ts');
  const status = await withSession((session) => readStatus(session, workflowId));
  if (output.json) output.data(status);
  else await drawTree(output, status);
  return EXIT.succeeded;
}

async function showLive(output: Output, workflowId: string): Promise<ExitCode> {
  const { readLive } = await import('../live-readings.ts');
  const { status, readings } = await withSession((session) => readLive(session, workflowId));
  if (output.json) {
    output.data({ ...status, readings });
    return EXIT.succeeded;
  }
  await drawTree(output, status);
  const { renderLive } = await import('../render/live.ts');
  output.line(renderLive(status, readings, canvasOf(output)));
  return EXIT.succeeded;
}

async function drawTree(output: Output, status: LiveStatus): Promise<void> {
  const { renderTree } = await import('../render/tree.ts');
  output.line(renderTree(status, canvasOf(output)));
  if (status.phases.length === 0) output.line(` phase: ${status.phase.replaceAll('_', ' ')}`);
}

function canvasOf(output: Output) {
  const columns = output.isTerminal ? output.columns : Number.POSITIVE_INFINITY;
  return { columns, colors: output.colors, times: output.times, nowMs: Date.now() };
}
