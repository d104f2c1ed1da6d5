/** `cutover doctor`: what is missing for deployments to run, and what to do about it. */
import { env } from 'node:process';
import type { Command } from 'commander';
import { localProgramUrl } from '../config.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { collect, finish, newCommand } from './support.ts';
import { loadOrTell, type PlanOptions } from './validate.ts';

export function doctorCommand(): Command {
  return newCommand('doctor', 'check this machine, Temporal, the workers, the open runs, and a plan’s adapters')
    .argument('[plan...]', 'YAML files; later ones are merged over earlier ones; - is stdin')
    .option('--set <key=value>', 'set a key of the plan (repeatable)', collect, [])
    .addHelpText('after', '\nExit code 1: something failed; 6: Temporal cannot be reached. Nothing is changed.')
    .action((paths: string[], options: PlanOptions) => finish(options, (output) => doctor(output, paths, options)));
}

async function doctor(output: Output, paths: string[], options: PlanOptions): Promise<ExitCode> {
  const loaded = paths.length === 0 ? null : await loadOrTell(output, paths, options);
  if (paths.length > 0 && loaded === null) return EXIT.usage;
  const { examine } = await import('../doctor/examine.ts');
  const { checks, reachable } = await examine({
    plan: loaded?.plan ?? null,
    localUrl: localProgramUrl(),
    isLocalNamed: env.CUTOVER_LOCAL_URL !== undefined && env.CUTOVER_LOCAL_URL !== '',
  });
  const isWell = checks.every(({ state }) => state !== 'failed');
  if (output.json) output.data({ ok: isWell, checks });
  else {
    const { renderChecks } = await import('../doctor/render.ts');
    output.line(renderChecks(checks, output.colors));
  }
  if (!reachable) return EXIT.unreachable;
  return isWell ? EXIT.succeeded : EXIT.internal;
}
