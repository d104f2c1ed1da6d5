/** `cutover start`: starts a deployment, and follows it when asked. */
import type { Command } from 'commander';
import type { CutoverClient, DeploymentHandle } from '../cutover-client.ts';
import { shortId } from '../deployment-id.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { collect, finish, newCommand, withClient } from './support.ts';
import { loadOrTell, type PlanOptions } from './validate.ts';
import { follow, type Until, untilOption } from './watch.ts';

interface StartOptions extends PlanOptions {
  watch?: boolean;
  by?: string;
  until: Until;
}

export function startCommand(): Command {
  return newCommand('start', 'start a deployment')
    .argument('<plan...>', 'YAML files; later ones are merged over earlier ones; - is stdin')
    .option('--set <key=value>', 'set a key of the plan (repeatable)', collect, [])
    .option('-w, --watch', 'follow it; the exit code tells the outcome')
    .addOption(untilOption())
    .option('--by <name>', 'who starts it (default: CUTOVER_BY, else the account)')
    .action((paths: string[], options: StartOptions) => finish(options, (output) => start(output, paths, options)));
}

async function start(output: Output, paths: string[], options: StartOptions): Promise<ExitCode> {
  const loaded = await loadOrTell(output, paths, options);
  if (loaded === null) return EXIT.usage;
  const { refuseUnbuilt } = await import('../start.ts');
  refuseUnbuilt(loaded.plan, loaded.warnings);
  return withClient(async (client) => {
    const by = options.by === undefined ? {} : { startedBy: options.by };
    const started = await client.start(loaded, by);
    if (options.watch !== true) return tellStarted(output, started);
    if (!output.json && !output.isTerminal) output.line(`started ${started.workflow_id}`);
    return followStarted(output, client, started, options.until);
  });
}

function followStarted(
  output: Output,
  client: CutoverClient,
  started: DeploymentHandle,
  until: Until,
): Promise<ExitCode> {
  return follow(output, started.workflow_id, until, (signal) =>
    client.watch(started.workflow_id, { signal, runId: started.run_id }),
  );
}

async function tellStarted(output: Output, started: DeploymentHandle): Promise<ExitCode> {
  const { live, phase } = await started.status();
  const { workflow_id, run_id, service, environment, version, url } = started;
  if (output.json) {
    output.data({ workflow_id, run_id, service, environment, version, url, phase, answered: live.answered });
    return EXIT.succeeded;
  }
  const id = shortId(workflow_id);
  output.line(`${output.colors.green('started')} ${service} ${version} → ${environment}`);
  if (url !== null) output.line(`  ${url}`);
  output.line(`  cutover watch ${id}`);
  if (!live.answered)
    output.note(`${live.note ?? 'no worker is answering'}: it begins when a worker runs (cutover worker)`);
  return EXIT.succeeded;
}
