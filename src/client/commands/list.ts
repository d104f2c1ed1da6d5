/** `cutover list`: the deployments that the server knows. */
import { type Command, InvalidArgumentError } from 'commander';
import type { ListFilter } from '../cutover-client.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { CommonOptions, Output } from '../output.ts';
import { finish, newCommand, withClient } from './support.ts';

const MAX_LIMIT = 1_000;

interface ListOptions extends CommonOptions {
  service?: string;
  environment?: string;
  running?: boolean;
  limit: number;
}

export function listCommand(): Command {
  return newCommand('list', 'show the deployments, newest first')
    .option('-s, --service <name>', 'only of this service')
    .option('-e, --environment <name>', 'only of this environment')
    .option('-r, --running', 'only those under way')
    .option('-n, --limit <count>', 'at most so many', parseLimit, 50)
    .action((options: ListOptions) => finish(options, (output) => list(output, options)));
}

async function list(output: Output, options: ListOptions): Promise<ExitCode> {
  const filter: ListFilter = {
    ...(options.service === undefined ? {} : { service: options.service }),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    running: options.running === true,
    limit: options.limit,
  };
  const deployments = await withClient((client) => client.list(filter));
  if (output.json) output.data(deployments);
  else if (deployments.length === 0) output.note('No deployments.');
  else {
    const { renderList } = await import('../render/list.ts');
    output.line(renderList(deployments, output.colors, output.times));
  }
  return EXIT.succeeded;
}

export function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit > 0 && limit <= MAX_LIMIT) return limit;
  throw new InvalidArgumentError(`Write a whole number from 1 to ${MAX_LIMIT}.`);
}
