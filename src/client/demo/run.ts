/** The demo: a live service under load, four deployments of it, and what came of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../package-root.ts';
import { CutoverClient } from '../cutover-client.ts';
import { startTraffic } from '../dev/traffic.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { type Ending, prepareEnding } from './ending.ts';
import { figuresOf } from './figures.ts';
import { describeStay } from './invitation.ts';
import { isFailed, type Load, lostOnes, startLoad } from './load.ts';
import { type Performance, perform } from './perform.ts';
import { PLAYS, type Play } from './plays.ts';
import { checkReportFile, type DemoReport, writeReport } from './report.ts';
import { readRouterWrites } from './router-writes.ts';
import { openStage, type Stage } from './stage.ts';
import { createStory, type Story } from './story.ts';
import { type Row, renderTable } from './table.ts';

const REQUESTS_PER_SECOND = 300;
/** Of load on 1.0.0 alone, before the first deployment. */
const QUIET_START_MS = 1_000;
const PLAN = join('examples', 'demo.yaml');

export interface DemoSettings {
  reportFile: string | null;
}

/**
 * At a terminal it stays until Ctrl-C. `succeeded` only when every deployment ended as intended; whatever happens,
 * nothing that it started is left.
 */
export async function runDemo(output: Output, { reportFile }: DemoSettings): Promise<ExitCode> {
  if (reportFile !== null) await checkReportFile(reportFile);
  const ending = prepareEnding();
  try {
    const verdict = await play(output, ending, reportFile);
    if (!ending.signal.aborted) return verdict;
    output.note('ending …');
    return verdict;
  } catch (error) {
    if (!ending.signal.aborted) throw error;
    output.note('interrupted: ending …');
    await ending.cleanUp();
    // A download that was given up would keep this process alive.
    return process.exit(EXIT.interrupted);
  } finally {
    await ending.cleanUp();
  }
}

async function play(output: Output, ending: Ending, reportFile: string | null): Promise<ExitCode> {
  const startedMs = performance.now();
  const story = createStory(output, startedMs);
  const stage = await openStage(ending, story);
  const load = startLoad(stage.service.public_url, REQUESTS_PER_SECOND);
  ending.onEnd(() => load.stop());
  story.tell(`1.0.0 serves ${REQUESTS_PER_SECOND} requests/s at ${stage.service.public_url}`);
  story.tell(`Web UI: ${output.colors.bold(stage.temporal.uiUrl)}`);
  await ending.orAborted(sleep(QUIET_START_MS));
  const performances = await performAll(stage, story, ending.signal);
  await load.stop();
  const seconds = (performance.now() - startedMs) / 1_000;

  const rows = await rowsOf(stage, load, performances);
  const report = reportOf(stage, load, rows, seconds);
  if (reportFile !== null) await writeReport(reportFile, report);
  if (output.json) output.data(report);
  else output.line(`\n${renderTable(rows, report, load.perSecond(), output)}`);
  for (const { play, problems } of rows) {
    for (const problem of problems) output.note(output.colors.red(`${play.version}: ${problem}`));
  }
  const lost = lostOnes(load.requests);
  if (lost.length > 0) output.note(output.colors.yellow(`requests that no version answered: ${lost.join(', ')}`));
  if (!output.json) await stay(output, stage, ending);
  return rows.every(({ problems }) => problems.length === 0) ? EXIT.succeeded : EXIT.internal;
}

async function performAll(stage: Stage, story: Story, signal: AbortSignal): Promise<[Play, Performance][]> {
  const source = { name: PLAN, text: await readFile(join(packageRoot(), PLAN), 'utf8') };
  const performances: [Play, Performance][] = [];
  for (const play of PLAYS) {
    const { plan } = CutoverClient.validate([source], [`version=${play.version}`, ...play.sets]);
    performances.push([play, await perform(stage, play, plan, story.deployment(play), signal)]);
  }
  return performances;
}

async function rowsOf(stage: Stage, load: Load, performances: [Play, Performance][]): Promise<Row[]> {
  const writes = await readRouterWrites(stage.logFile, stage.service.service);
  return performances.map(([play, { status, startedMs, resumedAfterMs }], index) => {
    const toMs = performances[index + 1]?.[1].startedMs ?? Date.now();
    const figures = figuresOf({ status, fromMs: startedMs, toMs, requests: load.requests, writes });
    const { outcome } = status;
    const wrong =
      outcome === play.intended ? [] : [`it was to be ${play.intended}, and is ${outcome}: ${status.reason}`];
    return {
      play,
      figures,
      problems: [...wrong, ...play.check(status, figures, resumedAfterMs)],
      report: {
        version: play.version,
        outcome,
        events: status.live.history_events,
        max_share_before_switch: figures.maxShareBeforeSwitch,
        served: figures.served,
        failed: figures.failed,
        detect_ms: figures.detectMs,
        rollback_ms: figures.rollbackMs,
        resumed_after_ms: resumedAfterMs,
      },
    };
  });
}

function reportOf(stage: Stage, load: Load, rows: readonly Row[], seconds: number): DemoReport {
  return {
    seconds: Math.round(10 * seconds) / 10,
    requests: load.requests.length,
    failed: load.requests.filter(isFailed).length,
    web_ui: stage.temporal.uiUrl,
    deployments: rows.map(({ report }) => report),
  };
}

/** At a terminal everything is kept for a look, with requests going on, until Ctrl-C. */
async function stay(output: Output, stage: Stage, ending: Ending): Promise<void> {
  if (!output.isTerminal)
    return output.line(`\nThe Web UI was at ${stage.temporal.uiUrl}; at a terminal it stays until Ctrl-C.`);
  const load = startTraffic(stage.service.public_url, REQUESTS_PER_SECOND);
  ending.onEnd(async () => load.stop());
  output.line(describeStay(stage, output.colors));
  await new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve(), { once: true }));
}
