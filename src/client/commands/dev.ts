/** `cutover dev`: everything on this machine, kept running for play. */
import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../exit-codes.ts';
import type { CommonOptions } from '../output.ts';
import { finish, newCommand } from './support.ts';

const MAX_RATE = 5_000;

interface DevOptions extends CommonOptions {
  state?: string;
  rate: number;
}

export function devCommand(): Command {
  return newCommand('dev', 'run Temporal, a worker, the local platform and a sample service until Ctrl-C')
    .option('--state <folder>', "where it keeps its state (default: in the user's cache folder)")
    .option('--rate <requests/s>', 'load on the sample service; 0: none', parseRate, 250)
    .action((options: DevOptions) =>
      finish(options, async (output) => {
        const { runDev } = await import('../dev/run.ts');
        await runDev(output, { stateDir: options.state ?? null, requestsPerSecond: options.rate });
        return EXIT.succeeded;
      }),
    );
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (Number.isFinite(rate) && rate >= 0 && rate <= MAX_RATE) return rate;
  throw new InvalidArgumentError(`Write a number from 0 to ${MAX_RATE}.`);
}
