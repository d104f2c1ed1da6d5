/** `cutover rollback --direct`: for when Temporal is down. */
import type { DirectEvent } from '../../direct/context.ts';
import type { DirectReport } from '../../direct/run.ts';
import { CutoverError } from '../../errors.ts';
import { deploymentWorkflowId } from '../../workflows/api.ts';
import { localProgramUrl } from '../config.ts';
import { shortId } from '../deployment-id.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { sanitise } from '../render/sanitise.ts';
import { tellError } from './support.ts';
import { loadOrTell, type PlanOptions } from './validate.ts';

export interface DirectRollbackOptions extends PlanOptions {
  plan: string[];
  force?: boolean;
  by?: string;
  reason?: string;
}

/** Prints every step with its time; 0 restored, 5 held or stuck, 2 when there is nothing that it could go back to. */
export async function rollbackDirect(
  output: Output,
  workflowId: string,
  options: DirectRollbackOptions,
): Promise<ExitCode> {
  if (options.plan.length === 0) {
    throw new CutoverError('CUTOVER_USAGE', '--direct needs --plan PLAN: it names the router and the platform.');
  }
  const loaded = await loadOrTell(output, options.plan, options);
  if (loaded === null) return EXIT.usage;
  const { plan } = loaded;
  refuseOtherPlan(workflowId, deploymentWorkflowId(plan));
  const { runDirectRollback } = await import('../../direct/run.ts');
  const onEvent = ({ after_ms, text }: DirectEvent) => {
    if (!output.json) output.line(`  +${String(after_ms).padStart(5)} ms  ${sanitise(text)}`);
  };
  let report: DirectReport;
  try {
    report = await runDirectRollback(plan, { localUrl: localProgramUrl(), force: options.force === true, onEvent });
  } catch (error) {
    if (!(error instanceof CutoverError) || error.fault === 'user') throw error;
    tellError(output, error);
    return EXIT.unresolved;
  }
  if (output.json) output.data({ ...report, by: options.by ?? null, reason_given: options.reason ?? null });
  else output.line(`${report.outcome.replaceAll('_', ' ')}: ${sanitise(report.reason)}`);
  if (!output.json && report.outcome === 'nothing_to_do') {
    output.note(`The deployment itself goes on when Temporal is back: cutover rollback ${shortId(workflowId)}`);
  }
  return report.outcome === 'held' || report.outcome === 'stuck' ? EXIT.unresolved : EXIT.succeeded;
}

function refuseOtherPlan(asked: string, planned: string): void {
  if (asked === planned) return;
  throw new CutoverError(
    'CUTOVER_USAGE',
    `The plan is ${shortId(planned)}'s, but ${shortId(asked)} is to be rolled back.`,
  );
}
