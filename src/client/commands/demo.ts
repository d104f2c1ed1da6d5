/** `cutover demo`: four deployments of a service under load, on this machine, in a minute and a half. */
import type { Command } from 'commander';
import type { CommonOptions } from '../output.ts';
import { finish, newCommand } from './support.ts';

interface DemoOptions extends CommonOptions {
  report?: string;
}

export function demoCommand(): Command {
  return newCommand('demo', 'show four deployments of a service under load: switched, stopped, and rolled back')
    .option('--report <file>', 'write the figures as JSON')
    .addHelpText('after', '\nExit code 0: every deployment ended as intended. At a terminal it stays until Ctrl-C.')
    .action((options: DemoOptions) =>
      finish(options, async (output) => {
        const { runDemo } = await import('../demo/run.ts');
        return runDemo(output, { reportFile: options.report ?? null });
      }),
    );
}
