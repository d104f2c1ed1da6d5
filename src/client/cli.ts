/** The program `cutover`. Each command loads what it needs when it runs, so that `--help` answers at once. */
import process, { stdout } from 'node:process';
import { Command, CommanderError } from 'commander';
import { CutoverError } from '../errors.ts';
import { cleanCommand } from './commands/clean.ts';
import { answerCommand, completionCommand } from './commands/completion.ts';
import { demoCommand } from './commands/demo.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { historyCommand } from './commands/history.ts';
import { initCommand } from './commands/init.ts';
import { listCommand } from './commands/list.ts';
import {
  approveCommand,
  extendCommand,
  pauseCommand,
  promoteCommand,
  rejectCommand,
  releaseCommand,
  resumeCommand,
  rollbackCommand,
} from './commands/messages.ts';
import { planCommand } from './commands/plan.ts';
import { replayCommand } from './commands/replay.ts';
import { schemaCommand } from './commands/schema.ts';
import { simulateCommand } from './commands/simulate.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { tellError } from './commands/support.ts';
import { validateCommand } from './commands/validate.ts';
import { watchCommand } from './commands/watch.ts';
import { workerCommand } from './commands/worker.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import { createOutput } from './output.ts';
import { packageVersion } from './version.ts';

/** Commander's own ends that are no errors. */
const SHOWN = ['commander.help', 'commander.helpDisplayed', 'commander.version'];

const CONNECTION_HELP = `
Temporal is found as every Temporal tool finds it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
TEMPORAL_TLS…, or a profile of temporal.toml. Default: 127.0.0.1:7233, namespace default.`;

/** `argv` without program and script. Sets `process.exitCode`; returns when the command has ended. */
export async function main(argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  endQuietlyOnClosedPipe();
  try {
    await createProgram().parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = tellUsage(argv, error);
  }
}

export function createProgram(): Command {
  const program = new Command('cutover')
    .description('Durable blue-green deployments on Temporal.')
    .version(packageVersion())
    .addHelpText('after', `${EXIT_CODES_HELP}\n${CONNECTION_HELP}`)
    .option('--utc', 'show times in UTC, not in the local zone')
    .hook('preAction', (_, command) => {
      if (program.opts().utc === true) command.setOptionValue('utc', true);
    })
    .showSuggestionAfterError();
  const commands = [
    initCommand(),
    validateCommand(),
    planCommand(),
    schemaCommand(),
    simulateCommand(),
    startCommand(),
    statusCommand(),
    watchCommand(),
    historyCommand(),
    approveCommand(),
    rejectCommand(),
    rollbackCommand(),
    pauseCommand(),
    resumeCommand(),
    extendCommand(),
    promoteCommand(),
    releaseCommand(),
    listCommand(),
    doctorCommand(),
    cleanCommand(),
    replayCommand(),
    workerCommand(),
    devCommand(),
    demoCommand(),
    completionCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  program.addCommand(answerCommand(program), { hidden: true });
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ outputError: () => undefined });
  return program;
}

/** Help is printed by commander, on stderr when no command was given; everything else that it throws is usage. */
function tellUsage(argv: readonly string[], error: unknown): number {
  if (error instanceof CommanderError && SHOWN.includes(error.code) && error.exitCode === 0) return EXIT.succeeded;
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
  const output = createOutput({ json: argv.includes('--json'), debug: argv.includes('--debug') });
  if (!(error instanceof CommanderError)) {
    tellError(output, error);
    return EXIT.internal;
  }
  tellError(output, new CutoverError('CUTOVER_USAGE', error.message.replace(/^error: /, '')));
  return EXIT.usage;
}

/** `cutover list | head` is no error. */
function endQuietlyOnClosedPipe(): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.succeeded);
    throw error;
  });
}
