/** `cutover replay`: whether this build can go on with what is running, before a worker of it tries. */
import type { Command } from 'commander';
import { CutoverError } from '../../errors.ts';
import type { Recorded, Replayed } from '../../replay/replay.ts';
import { shortId } from '../deployment-id.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { ListFilter } from '../list.ts';
import type { CommonOptions, Output } from '../output.ts';
import { sanitise } from '../render/sanitise.ts';
import { collect, finish, newCommand } from './support.ts';

interface ReplayOptions extends CommonOptions {
  service?: string;
  environment?: string;
  allOpen?: boolean;
  file: string[];
}

export function replayCommand(): Command {
  return newCommand('replay', 'replay the open runs on this build: which of them it would break')
    .option('-s, --service <name>', 'only of this service')
    .option('-e, --environment <name>', 'only of this environment')
    .option('--all-open', 'every open run (default)')
    .option('-f, --file <history>', 'a stored history instead (repeatable); Temporal is not asked', collect, [])
    .addHelpText('after', '\nExit code 1: a run would break, or could not be read.')
    .action((options: ReplayOptions) => finish(options, (output) => replay(output, options)));
}

async function replay(output: Output, options: ReplayOptions): Promise<ExitCode> {
  const { service, environment, allOpen, file } = options;
  const chosen = [service ?? environment, allOpen, file.length > 0 || undefined].filter((one) => one !== undefined);
  if (chosen.length > 1) {
    throw new CutoverError('CUTOVER_USAGE', 'Give --service and --environment, or --all-open, or --file.');
  }
  if (file.length > 0) {
    const { historyFiles } = await import('../replay/files.ts');
    return replayEach(output, historyFiles(file));
  }
  const [{ openSession }, { openRuns }] = await Promise.all([
    import('../session.ts'),
    import('../replay/open-runs.ts'),
  ]);
  const filter: ListFilter = {
    ...(service === undefined ? {} : { service }),
    ...(environment === undefined ? {} : { environment }),
  };
  const session = await openSession();
  try {
    return await replayEach(output, openRuns(session, filter));
  } finally {
    await session.connection.close();
  }
}

/** Each is told as soon as it is through. */
async function replayEach(output: Output, recorded: AsyncIterable<Recorded>): Promise<ExitCode> {
  const { quietly, replayAll } = await import('../../replay/replay.ts');
  await quietly();
  const runs: Replayed[] = [];
  for await (const replayed of replayAll(recorded)) {
    runs.push(replayed);
    if (!output.json) output.line(describe(replayed, output));
  }
  const bad = runs.filter(({ result }) => result !== 'ok').length;
  if (output.json) output.data({ ok: bad === 0, runs });
  else output.note(runs.length === 0 ? 'No open runs.' : `${runs.length} replayed, ${bad} not as recorded`);
  return bad === 0 ? EXIT.succeeded : EXIT.internal;
}

function describe({ workflow_id, run_id, result, reason }: Replayed, { colors }: Output): string {
  const paint = { ok: colors.green, broken: colors.red, unreadable: colors.yellow }[result];
  const why = reason === null ? '' : `\n    ${sanitise(reason)}`;
  return `${paint(result.padEnd(10))} ${sanitise(shortId(workflow_id))} ${colors.dim(sanitise(run_id))}${why}`;
}
