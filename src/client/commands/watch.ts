/** `cutover watch`: a live tree at a terminal, plain lines elsewhere. */
import process, { stdout } from 'node:process';
import { type Command, Option } from 'commander';
import { shortId } from '../deployment-id.ts';
import { EXIT, type ExitCode, exitCodeOfOutcome } from '../exit-codes.ts';
import { isClosed, isSettled, type LiveStatus } from '../live-status.ts';
import type { Output } from '../output.ts';
import { type DeploymentOptions, deploymentCommand, finish, idOf, withClient } from './support.ts';

const REDRAW_MS = 250;
const DEFAULT_ROWS = 24;

/** `lease`: until the outcome is known. `closed`: until the run has ended, lease and clean-up included. */
export type Until = 'lease' | 'closed';

interface WatchOptions extends DeploymentOptions {
  until: Until;
}

export function untilOption(): Option {
  return new Option('--until <point>', 'follow until the outcome is known, or until everything is cleaned up')
    .choices(['lease', 'closed'])
    .default('lease');
}

export function watchCommand(): Command {
  return deploymentCommand('watch', 'follow a deployment; the exit code tells the outcome')
    .addOption(untilOption())
    .action((id: string, options: WatchOptions) =>
      finish(options, (output) => {
        const workflowId = idOf(id, options);
        return withClient((client) =>
          follow(output, workflowId, options.until, (signal) => client.watch(workflowId, { signal })),
        );
      }),
    );
}

/** Shows what `statuses` brings until the point is reached; Ctrl-C ends the following, never the deployment. */
export async function follow(
  output: Output,
  workflowId: string,
  until: Until,
  statuses: (signal: AbortSignal) => AsyncIterable<LiveStatus>,
): Promise<ExitCode> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop);
  const view = await openView(output);
  let last: LiveStatus | null = null;
  try {
    for await (const status of statuses(stopping.signal)) {
      last = status;
      view.show(status);
      if (hasReached(status, until)) break;
    }
  } finally {
    process.off('SIGINT', stop);
    view.close();
  }
  if (stopping.signal.aborted && (last === null || !hasReached(last, until))) return interrupted(output, workflowId);
  if (output.json && last !== null) output.data(last);
  return exitCodeOf(last);
}

function hasReached(status: LiveStatus, until: Until): boolean {
  return until === 'closed' ? isClosed(status) : isSettled(status);
}

/** A run that ended without an outcome (terminated, failed) needs a person. */
function exitCodeOf(status: LiveStatus | null): ExitCode {
  return status === null || status.outcome === null ? EXIT.unresolved : exitCodeOfOutcome(status.outcome);
}

function interrupted(output: Output, workflowId: string): ExitCode {
  output.note(`The deployment goes on. Follow it again: cutover watch ${shortId(workflowId)}`);
  return EXIT.interrupted;
}

interface View {
  show(status: LiveStatus): void;
  close(): void;
}

async function openView(output: Output): Promise<View> {
  if (output.json) return { show: () => undefined, close: () => undefined };
  return output.isTerminal ? openTree(output) : openLines(output);
}

/** Redrawn between the looks too, so that the clocks in it go. */
async function openTree(output: Output): Promise<View> {
  const [{ createLogUpdate }, { renderTree }] = await Promise.all([import('log-update'), import('../render/tree.ts')]);
  const draw = createLogUpdate(stdout);
  let latest: LiveStatus | null = null;
  const redraw = () => {
    if (latest === null) return;
    const { colors, times } = output;
    const columns = stdout.columns ?? output.columns;
    // The cursor stands below the last line.
    const rows = Math.max(1, (stdout.rows ?? DEFAULT_ROWS) - 1);
    draw(renderTree(latest, { columns, rows, colors, times, nowMs: Date.now() }));
  };
  const timer = setInterval(redraw, REDRAW_MS);
  return {
    show(status) {
      latest = status;
      redraw();
    },
    close() {
      clearInterval(timer);
      draw.done();
    },
  };
}

async function openLines(output: Output): Promise<View> {
  const { changeLines } = await import('../render/lines.ts');
  let before: LiveStatus | null = null;
  return {
    show(status) {
      const at = output.times.full(new Date().toISOString());
      for (const line of changeLines(before, status)) output.line(`${at} ${output.times.inText(line)}`);
      before = status;
    },
    close: () => undefined,
  };
}
