/** `cutover start`: starts a deployment, and follows it when asked. */
import type { Command } from 'commander';
import type { LoadedPlan } from '../../plan/load.ts';
import type { CutoverClient, DeploymentHandle } from '../cutover-client.ts';
import { shortId } from '../deployment-id.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { sanitise } from '../render/sanitise.ts';
import { collect, finish, newCommand, withClient } from './support.ts';
import { loadOrTell, type PlanOptions } from './validate.ts';
import { follow, type Until, untilOption } from './watch.ts';

interface StartOptions extends PlanOptions {
  watch?: boolean;
  by?: string;
  requestId?: string;
  dryRun?: boolean;
  until: Until;
}

const START_HELP = `
While another deployment of the service is open it is refused, unless that one is in its lease: then the lease ends,
and this one begins from there. --dry-run ends with 0 when a start would go now, with 2 when it would not.`;

export function startCommand(): Command {
  return newCommand('start', 'start a deployment')
    .argument('<plan...>', 'YAML files; later ones are merged over earlier ones; - is stdin')
    .option('--set <key=value>', 'set a key of the plan (repeatable)', collect, [])
    .option('-w, --watch', 'follow it; the exit code tells the outcome')
    .addOption(untilOption())
    .option('--by <name>', 'who starts it (default: CUTOVER_BY, else the account)')
    .option('--request-id <id>', 'the same id starts once (default: a new one)')
    .option('--dry-run', 'check all that a start needs, and start nothing')
    .addHelpText('after', START_HELP)
    .action((paths: string[], options: StartOptions) => finish(options, (output) => start(output, paths, options)));
}

async function start(output: Output, paths: string[], options: StartOptions): Promise<ExitCode> {
  const loaded = await loadOrTell(output, paths, options);
  if (loaded === null) return EXIT.usage;
  const { refuseUnbuilt } = await import('../start.ts');
  refuseUnbuilt(loaded.plan, loaded.warnings);
  return withClient(async (client) => {
    if (options.dryRun === true) return rehearse(output, client, loaded);
    const started = await client.start(loaded, {
      ...(options.by === undefined ? {} : { startedBy: options.by }),
      ...(options.requestId === undefined ? {} : { requestId: options.requestId }),
    });
    tellTakeOver(output, started);
    if (options.watch !== true) return tellStarted(output, started);
    if (!output.json && !output.isTerminal) output.line(`started ${started.workflow_id}`);
    return followStarted(output, client, started, options.until);
  });
}

/** Everything but the start. */
async function rehearse(output: Output, client: CutoverClient, { plan, warnings }: LoadedPlan): Promise<ExitCode> {
  const found = await client.preflight({ plan, warnings });
  const { timelineOf } = await import('../../plan/timeline.ts');
  const timeline = timelineOf(plan);
  if (output.json) output.data({ dry_run: true, ...found, timeline, warnings });
  else {
    const { renderPreflight } = await import('../render/preflight.ts');
    output.line(output.times.inText(renderPreflight(found, timeline, output.colors)));
  }
  return found.ready ? EXIT.succeeded : EXIT.usage;
}

function tellTakeOver(output: Output, { took_over }: DeploymentHandle): void {
  if (took_over !== null && !output.json) output.line(`took over from ${sanitise(took_over.version)}'s lease`);
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
  const { workflow_id, run_id, service, environment, version, url, took_over } = started;
  if (output.json) {
    const { answered } = live;
    output.data({ workflow_id, run_id, service, environment, version, url, took_over, phase, answered });
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
