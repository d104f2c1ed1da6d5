/** `cutover worker`: its options are the worker's own, and read there. */
import { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { finish } from './support.ts';

export function workerCommand(): Command {
  return new Command('worker')
    .description('run a worker (cutover worker --help for its options)')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[options...]')
    .action((options: string[]) =>
      finish({ debug: options.includes('--debug') }, async () => {
        const { workerMain } = await import('../../worker/main.ts');
        await workerMain(options);
        return EXIT.succeeded;
      }),
    );
}
