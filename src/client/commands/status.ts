/** `cutover status`: one look at a deployment. */
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { type DeploymentOptions, deploymentCommand, finish, idOf, withClient } from './support.ts';

export function statusCommand(): Command {
  return deploymentCommand('status', 'show a deployment').action((id: string, options: DeploymentOptions) =>
    finish(options, (output) => show(output, idOf(id, options))),
  );
}

/** When no worker answers, what the server has recorded is shown, and said to be that. */
async function show(output: Output, workflowId: string): Promise<ExitCode> {
  const status = await withClient((client) => client.status(workflowId));
  if (output.json) {
    output.data(status);
    return EXIT.succeeded;
  }
  const { renderTree } = await import('../render/tree.ts');
  const columns = output.isTerminal ? output.columns : Number.POSITIVE_INFINITY;
  output.line(renderTree(status, { columns, colors: output.colors, nowMs: Date.now() }));
  if (status.phases.length === 0) output.line(` phase: ${status.phase.replaceAll('_', ' ')}`);
  return EXIT.succeeded;
}
