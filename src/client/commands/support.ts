/** What every command shares: its common options, its output, and how it ends. Loads nothing heavy. */
import { createReadStream } from 'node:fs';
import process, { stdin } from 'node:process';
import { Command } from 'commander';
import { CutoverError } from '../../errors.ts';
import type { CutoverClient, PlanSource } from '../cutover-client.ts';
import { DEFAULT_ENVIRONMENT, resolveDeploymentId } from '../deployment-id.ts';
import { type ExitCode, exitCodeOfError } from '../exit-codes.ts';
import { type CommonOptions, createOutput, type Output, reportOf } from '../output.ts';
import { sanitise } from '../render/sanitise.ts';
import type { Session } from '../session.ts';

/** Of any UTF-8 text, more characters than a plan may have. */
const MAX_PLAN_BYTES = 4_000_000;

export interface DeploymentOptions extends CommonOptions {
  environment?: string;
}

export function newCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'one JSON document on stdout; errors as JSON on stderr')
    .option('--utc', 'show times in UTC, not in the local zone')
    .option('--debug', 'print stacks');
}

/** A command about one deployment. */
export function deploymentCommand(name: string, description: string): Command {
  return newCommand(name, description)
    .argument('<id>', 'SERVICE, ENVIRONMENT/SERVICE, or the workflow ID')
    .option('-e, --environment <name>', `the environment of a bare SERVICE (default: ${DEFAULT_ENVIRONMENT})`);
}

export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** Runs a command to its exit code; an error is told on stderr. */
export async function finish(options: CommonOptions, run: (output: Output) => Promise<ExitCode>): Promise<void> {
  const output = createOutput(options);
  try {
    process.exitCode = await run(output);
  } catch (error) {
    tellError(output, error);
    process.exitCode = exitCodeOfError(error);
  }
}

export function tellError(output: Output, error: unknown): void {
  const report = reportOf(error);
  const stack = output.debug ? stackOf(error) : null;
  if (output.json) {
    output.note(JSON.stringify(stack === null ? report : { ...report, stack }));
    return;
  }
  const { colors } = output;
  output.note(`${colors.red(report.code)} ${sanitise(report.message)}`);
  output.note(colors.dim(report.hint));
  if (stack !== null) output.note(stack);
}

/** With a connection that is closed whatever happens. The SDK is loaded here, not for `--help`. */
export async function withClient<T>(use: (client: CutoverClient) => Promise<T>): Promise<T> {
  const { CutoverClient } = await import('../cutover-client.ts');
  const client = await CutoverClient.connect();
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** The same without the client, which brings the plan's reader along: for what is to answer at once. */
export async function withSession<T>(use: (session: Session) => Promise<T>): Promise<T> {
  const { openSession } = await import('../session.ts');
  const session = await openSession();
  try {
    return await use(session);
  } finally {
    await session.connection.close();
  }
}

export function idOf(id: string, options: DeploymentOptions): string {
  return resolveDeploymentId(id, options.environment);
}

/** `-` is stdin. CUTOVER_USAGE for a file that cannot be read. */
export async function readPlans(paths: readonly string[]): Promise<PlanSource[]> {
  return Promise.all(paths.map(async (path) => ({ name: path, text: await readSource(path) })));
}

async function readSource(path: string): Promise<string> {
  try {
    return await readText(path === '-' ? stdin : createReadStream(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CutoverError('CUTOVER_USAGE', `The plan ${path} cannot be read: ${why}`, { cause });
  }
}

/** The text, or as much of it as the plan's reader refuses: no file, however long, fills the memory. */
async function readText(source: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_PLAN_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function stackOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const own = error.stack ?? error.message;
  const cause = error.cause === undefined ? null : stackOf(error.cause);
  return cause === null ? own : `${own}\ncaused by: ${cause}`;
}
