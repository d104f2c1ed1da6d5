/** `cutover validate`: needs neither Temporal nor a worker. */
import type { Command } from 'commander';
import type { LoadedPlan } from '../../plan/load.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { CommonOptions, Output } from '../output.ts';
import { collect, finish, newCommand, readPlans } from './support.ts';

export interface PlanOptions extends CommonOptions {
  set: string[];
}

export function validateCommand(): Command {
  return newCommand('validate', 'check a plan; later files are merged over earlier ones')
    .argument('<plan...>', 'YAML files; - is stdin')
    .option('--set <key=value>', 'set a key of the plan (repeatable)', collect, [])
    .action((paths: string[], options: PlanOptions) => finish(options, (output) => validate(output, paths, options)));
}

async function validate(output: Output, paths: string[], options: PlanOptions): Promise<ExitCode> {
  const loaded = await loadOrTell(output, paths, options);
  if (loaded === null) return EXIT.usage;
  const { plan, warnings } = loaded;
  if (output.json) output.data({ valid: true, plan, warnings });
  else {
    const { planSummary } = await import('../render/plan-details.ts');
    output.line(`${output.colors.green('valid')}: ${planSummary(plan)}`);
  }
  return EXIT.succeeded;
}

/** The plan, its warnings told; null: it is invalid, every problem told. */
export async function loadOrTell(output: Output, paths: string[], options: PlanOptions): Promise<LoadedPlan | null> {
  const [{ loadPlan }, { PlanError }] = await Promise.all([
    import('../../plan/load.ts'),
    import('../../plan/problems.ts'),
  ]);
  const { renderProblems } = await import('../render/problems.ts');
  const sources = await readPlans(paths);
  try {
    const loaded = loadPlan(sources, options.set);
    if (!output.json && loaded.warnings.length > 0) output.note(renderProblems(loaded.warnings, output.colors));
    return loaded;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const { code, message, hint, problems } = error;
    if (output.json) {
      output.data({ valid: false, problems });
      output.note(JSON.stringify({ code, message, hint }));
      return null;
    }
    output.note(renderProblems(problems, output.colors));
    const count = problems.filter((problem) => problem.severity === 'error').length;
    output.note(`${output.colors.red(code)} ${count} ${count === 1 ? 'error' : 'errors'} in the plan`);
    return null;
  }
}
