/** The demo as a story: one line for each thing that happens. */
import type { CriterionReading, PhaseStatus } from '../../workflows/api.ts';
import type { DeploymentHandle } from '../cutover-client.ts';
import type { LiveStatus } from '../live-status.ts';
import type { Output } from '../output.ts';
import type { Colors } from '../render/canvas.ts';
import { bar, padEnd, truncate, words } from '../render/text.ts';
import { measured, span } from '../render/values.ts';
import type { Audience } from './perform.ts';
import type { Play } from './plays.ts';
import type { Teller } from './stage.ts';

export interface Story extends Teller {
  /** A deployment begins; what happens to it is told to the audience. */
  deployment(play: Play): Audience;
  /** A line of the demo itself. */
  tell(text: string): void;
}

const BAR_CELLS = 10;

interface Line {
  text: string;
  /** The candidate's, percent; null: none to show. */
  share: number | null;
}

/** `startedMs`: of `performance.now()`. With `--json` the story is told on stderr. */
export function createStory(output: Output, startedMs: number): Story {
  const { colors } = output;
  const write = output.json ? output.note : output.line;
  let last: LiveStatus | null = null;

  function tell(text: string, share: number | null = null): void {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6);
    const line = ` ${colors.dim(`${seconds}s`)}  ${shareBar(share)}  ${text}`;
    write(output.isTerminal ? truncate(line, output.columns) : line);
  }

  function shareBar(share: number | null): string {
    if (share === null) return ' '.repeat(BAR_CELLS + 6);
    const [fresh, old] = bar(share / 100, BAR_CELLS, '█', '░');
    const paint = { blue: colors.blue, green: colors.green };
    const { active, candidate } = last?.colours ?? { active: 'blue', candidate: 'green' };
    return `${paint[candidate](fresh)}${paint[active](old)} ${`${share} %`.padStart(5)}`;
  }

  return {
    tell: (text) => tell(text),
    step: (text) => tell(colors.dim(text)),
    workerStarted: (pid) => tell(`the worker is started again (process ${pid})`, shareOf(last)),
    deployment(play) {
      last = null;
      return {
        started(handle: DeploymentHandle) {
          write('');
          tell(`${colors.bold(handle.version)} is deployed (${play.title})`);
        },
        looked(before, after) {
          if (after.weights !== null) last = after;
          for (const { text, share } of changes(before, after, colors)) tell(text, share);
        },
        workerKilled: (pid) => tell(colors.red(`the worker is killed: SIGKILL to process ${pid}`), shareOf(last)),
        resumed: (afterMs) => tell(`the observation is watched again, ${span(afterMs)} after the kill`, shareOf(last)),
      };
    },
  };
}

function shareOf(status: LiveStatus | null): number | null {
  if (status?.weights == null || status.colours === null) return null;
  return status.weights[status.colours.candidate];
}

/** What two looks differ in; a look that the workflow did not answer tells nothing new. */
function changes(before: LiveStatus | null, after: LiveStatus, colors: Colors): Line[] {
  if (!after.live.answered) return [];
  const phases = after.phases.flatMap((phase) => {
    const earlier = before?.phases.find(({ name }) => name === phase.name)?.state ?? 'pending';
    const text = earlier === phase.state ? null : phaseText(phase, after, colors);
    return text === null ? [] : [{ text, share: phase.share ?? shareOf(after) }];
  });
  const attention = after.attention
    .filter((line) => before?.attention.includes(line) !== true)
    .map((line) => ({ text: colors.yellow(line), share: shareOf(after) }));
  return [...phases, ...rollbackLines(before, after, colors), ...attention];
}

function rollbackLines(before: LiveStatus | null, after: LiveStatus, colors: Colors): Line[] {
  const { rollback } = after;
  if (rollback === null) return [];
  const lines: Line[] = [];
  if (before?.rollback == null) {
    const share = after.phases.find(({ name }) => name === rollback.from_phase)?.share ?? shareOf(after);
    const why = rollback.automatic ? `rolled back automatically: ${rollback.reason}` : rollback.reason;
    lines.push({ text: colors.yellow(why), share });
  }
  if (rollback.restored_after_ms !== null && before?.rollback?.restored_after_ms == null) {
    const old = after.colours?.active ?? 'the old colour';
    const text = `all traffic is on ${old} again, ${rollback.restored_after_ms} ms later`;
    lines.push({ text: colors.yellow(text), share: shareOf(after) });
  }
  return lines;
}

/** Null: nothing that a person waits for. */
function phaseText(phase: PhaseStatus, status: LiveStatus, colors: Colors): string | null {
  const name = padEnd(words(phase.name), 22);
  switch (phase.state) {
    case 'running':
      return runningText(phase, status, name);
    case 'passed':
      return `${name} ${colors.green('passed')}  ${factsOf(phase)}`.trimEnd();
    case 'failed':
      return `${name} ${colors.red('failed')}`;
    case 'pending':
    case 'skipped':
    case 'interrupted':
      return null;
  }
}

/** Only of phases that something is awaited in. */
function runningText(phase: PhaseStatus, status: LiveStatus, name: string): string | null {
  if (phase.name === 'approval') return `${name} waits for ${status.approval?.approvers.join(', ') ?? 'a person'}`;
  if (phase.name === 'observation') return `${name} begins`;
  if (phase.name !== 'lease' || status.lease === null) return null;
  return `${name} succeeded; ${status.lease.old_colour} is kept, to go back without a redeploy`;
}

/** What it notes, else its first figure, else the names of what holds. */
function factsOf({ evidence, note }: PhaseStatus): string {
  if (note !== null || evidence === null) return note ?? '';
  const [first, ...more] = evidence.criteria.filter(({ value }) => value !== null);
  if (first === undefined) return evidence.criteria.map(({ source }) => source).join(', ');
  return `${factOf(first)}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

/** `p95_latency 3.1 ms (< 43.4 ms)`; of a trigger the value alone, since its comparison says what is bad. */
function factOf({ source, value, limit, kind }: CriterionReading): string {
  const [, metric = source, comparison = ''] = /^(\w+)\s*([<>]=?)/.exec(source) ?? [];
  const bound = kind === 'trigger' || limit === null ? '' : ` (${comparison} ${measured(source, limit)})`;
  return `${metric} ${measured(source, value ?? 0)}${bound}`;
}
