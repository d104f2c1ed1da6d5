/** `cutover clean`: what deployments past their lease have left behind. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Keeping, Leftover, Removed } from '../../direct/aws/clean/leftover.ts';
import { CutoverError } from '../../errors.ts';
import type { Plan } from '../../plan/types.ts';
import { shortId } from '../deployment-id.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { sanitise } from '../render/sanitise.ts';
import type { Session } from '../session.ts';
import { collect, finish, newCommand, withSession } from './support.ts';
import { loadOrTell, type PlanOptions } from './validate.ts';

const DEFAULT_KEEP = 3;
/** Of open deployments, more than a service ever has. */
const MAX_OPEN = 1_000;

interface CleanOptions extends PlanOptions {
  dryRun?: boolean;
  yes?: boolean;
  keep: number;
  snapshots?: boolean;
}

export function cleanCommand(): Command {
  return newCommand('clean', 'list what deployments past their lease left in AWS; remove it with --yes')
    .argument('<plan...>', 'YAML files; later ones are merged over earlier ones; - is stdin')
    .option('--set <key=value>', 'set a key of the plan (repeatable)', collect, [])
    .option('--dry-run', 'only list it, which is also what happens without --yes')
    .option('--yes', 'remove what is listed')
    .option('--keep <count>', 'so many of the newest of each kind stay', parseKeep, DEFAULT_KEEP)
    .option('--snapshots', 'with --yes: also the snapshots of the images that are removed')
    .addHelpText('after', '\nNever removed: what serves, what a deployment under way or in its lease names.')
    .action((paths: string[], options: CleanOptions) => finish(options, (output) => clean(output, paths, options)));
}

async function clean(output: Output, paths: string[], options: CleanOptions): Promise<ExitCode> {
  if (options.dryRun === true && options.yes === true) {
    throw new CutoverError('CUTOVER_USAGE', '--dry-run and --yes do not go together: write one of them.');
  }
  const loaded = await loadOrTell(output, paths, options);
  if (loaded === null) return EXIT.usage;
  const { plan } = loaded;
  const versions = await withSession((session) => openVersions(session, plan));
  const { findLeftovers, removeLeftovers } = await import('../../direct/aws/clean.ts');
  const keeping: Keeping = { newest: options.keep, versions };
  const leftovers = await findLeftovers(plan, keeping);
  if (!output.json) tell(output, leftovers, options);
  if (options.yes !== true || leftovers.length === 0) {
    if (output.json) output.data({ leftovers, removed: [] });
    return EXIT.succeeded;
  }
  const onRemoved = ({ id, problem }: Removed) => {
    if (!output.json) output.line(problem === null ? `removed ${id}` : `not removed: ${id}: ${sanitise(problem)}`);
  };
  const removed = await removeLeftovers(plan, leftovers, { snapshots: options.snapshots === true, onRemoved });
  if (output.json) output.data({ leftovers, removed });
  return removed.every(({ problem }) => problem === null) ? EXIT.succeeded : EXIT.internal;
}

/** Of every environment and target: what they deploy from may be the same. CUTOVER_USAGE when one cannot be told. */
export async function openVersions(session: Session, { service }: Pick<Plan, 'service'>): Promise<Set<string>> {
  const { listDeployments } = await import('../list.ts');
  const open = await listDeployments(session, { service, running: true, limit: MAX_OPEN });
  const unknown = open.find(({ version }) => version === null);
  if (unknown !== undefined) {
    const told = `the deployment ${shortId(unknown.workflow_id)} is open, and which version it deploys was not recorded`;
    throw new CutoverError('CUTOVER_USAGE', `Nothing is removed: ${told}. Wait for its end, or release it.`);
  }
  return new Set(open.map(({ version }) => version ?? ''));
}

function tell(output: Output, leftovers: readonly Leftover[], { yes, snapshots }: CleanOptions): void {
  if (leftovers.length === 0) {
    output.note('Nothing is left to remove.');
    return;
  }
  for (const { kind, id, version, snapshots: its } of leftovers) {
    const kept = snapshots === true ? '' : ', kept unless --snapshots';
    const more = its.length === 0 ? '' : `  (snapshots ${its.join(', ')}${kept})`;
    output.line(`${kind.replaceAll('_', ' ').padEnd(23)}  ${sanitise(version)}  ${id}${more}`);
  }
  if (yes !== true) output.note('Nothing was removed. To remove it: --yes');
}

function parseKeep(text: string): number {
  const keep = Number(text);
  if (Number.isInteger(keep) && keep >= 1) return keep;
  throw new InvalidArgumentError('Write a whole number from 1.');
}
