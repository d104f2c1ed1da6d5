/** `cutover plan`: what a deployment of the plan will do, before it does it. Needs neither Temporal nor a worker. */
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { collect, finish, newCommand } from './support.ts';
import { loadOrTell, type PlanOptions } from './validate.ts';

/** Where it is not drawn on a terminal: what fits into a ticket or a mail. */
const PLAIN_COLUMNS = 80;

export function planCommand(): Command {
  return newCommand('plan', 'show what a plan will do: timeline, rollbacks, who is asked')
    .argument('<plan...>', 'YAML files; later ones are merged over earlier ones; - is stdin')
    .option('--set <key=value>', 'set a key of the plan (repeatable)', collect, [])
    .action((paths: string[], options: PlanOptions) => finish(options, (output) => show(output, paths, options)));
}

async function show(output: Output, paths: string[], options: PlanOptions): Promise<ExitCode> {
  const loaded = await loadOrTell(output, paths, options);
  if (loaded === null) return EXIT.usage;
  const { timelineOf } = await import('../../plan/timeline.ts');
  const timeline = timelineOf(loaded.plan);
  if (output.json) output.data({ valid: true, timeline, warnings: loaded.warnings });
  else {
    const { renderTimeline } = await import('../render/timeline.ts');
    const columns = output.isTerminal ? output.columns : PLAIN_COLUMNS;
    output.line(renderTimeline(timeline, { columns, colors: output.colors }));
  }
  return EXIT.succeeded;
}
