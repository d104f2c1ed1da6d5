/** `cutover simulate`: what a deployment of the plan would do on given metrics; hours go by in seconds. */
import process from 'node:process';
import { type Command, Option } from 'commander';
import { CutoverError } from '../../errors.ts';
import type { SimulationReport } from '../../simulate/report.ts';
import type { Outcome } from '../../workflows/api.ts';
import { defaultSender } from '../config.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { collect, finish, newCommand, readPlans } from './support.ts';
import { loadOrTell, type PlanOptions } from './validate.ts';

interface SimulateOptions extends PlanOptions {
  metrics: string;
  expect?: Outcome;
}

const OUTCOMES: readonly Outcome[] = ['succeeded', 'rolled_back', 'rejected', 'inconclusive', 'stuck'];

export function simulateCommand(): Command {
  return newCommand('simulate', 'run a plan on given metrics, in simulated time: no service is touched')
    .argument('<plan...>', 'YAML files; later ones are merged over earlier ones; - is stdin')
    .requiredOption('-m, --metrics <file>', 'the metrics, checks and messages, as YAML or JSON (docs/simulate.md)')
    .option('--set <key=value>', 'set a key of the plan (repeatable)', collect, [])
    .addOption(new Option('--expect <outcome>', 'exit with 1 when the deployment ends otherwise').choices(OUTCOMES))
    .action((paths: string[], options: SimulateOptions) => finish(options, (output) => run(output, paths, options)));
}

async function run(output: Output, paths: string[], options: SimulateOptions): Promise<ExitCode> {
  const loaded = await loadOrTell(output, paths, options);
  if (loaded === null) return EXIT.usage;
  const { plan } = loaded;
  const { parseScenario, requireScenario } = await import('../../simulate/scenario.ts');
  const [file] = await readPlans([options.metrics]);
  const scenario = parseScenario(options.metrics, file?.text ?? '');
  requireScenario(options.metrics, scenario, plan);
  const { quietly, simulate } = await import('../../simulate/run.ts');
  await quietly();
  const stopping = new AbortController();
  const stop = () => stopping.abort(new CutoverError('CUTOVER_USAGE', 'The simulation was interrupted.'));
  process.once('SIGINT', stop);
  try {
    const report = await simulate(plan, scenario, {
      startedBy: defaultSender(),
      onProgress: (line) => output.note(line),
      signal: stopping.signal,
    });
    await show(output, report);
    return judge(output, report, options.expect);
  } catch (error) {
    // The test server may have gone first, and calls to it would be tried for long.
    if (stopping.signal.aborted) process.exit(EXIT.interrupted);
    throw error;
  } finally {
    process.off('SIGINT', stop);
  }
}

async function show(output: Output, report: SimulationReport): Promise<void> {
  if (output.json) return output.data(report);
  const { renderSimulation } = await import('../simulate/render.ts');
  const columns = output.isTerminal ? output.columns : Number.POSITIVE_INFINITY;
  output.line(renderSimulation(report, { columns, colors: output.colors }));
}

/** Without an expectation every outcome is an answer. */
function judge(output: Output, { outcome }: SimulationReport, expected: Outcome | undefined): ExitCode {
  if (expected === undefined || outcome === expected) return EXIT.succeeded;
  output.note(`expected ${expected}, but it ended as ${outcome ?? 'nothing'}`);
  return EXIT.internal;
}
