#!/usr/bin/env node
/** `npm run bench`: measures, and prints each figure with its unit, its goal, and its floor from the same run. */
import { writeFile } from 'node:fs/promises';
import pc from 'picocolors';
import { FIGURES } from './figures.ts';
import { type Context, startContext } from './lib/context.ts';
import type { Figure, Measured } from './lib/figure.ts';
import { report, surroundings } from './lib/report.ts';
import { readSettings, type Settings } from './lib/settings.ts';
import { type Outcome, table } from './lib/table.ts';

const USAGE = `usage: npm run bench -- [--only NAME[,NAME]] [--json FILE] [--list]

  --only NAMES   measure only these figures
  --json FILE    write the figures as JSON, too
  --list         say what there is to measure

Exit codes: 0 measured, whether or not the goals were met; 1 a figure could not be measured; 2 wrong arguments.`;

async function measureAll(figures: readonly Figure[], context: Context): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const figure of figures) {
    const startedMs = performance.now();
    context.progress(`${figure.name}: ${figure.title}`);
    const outcome = await measure(figure, context);
    context.load.setRate(0);
    outcomes.push(outcome);
    const what = 'error' in outcome ? outcome.error : JSON.stringify(outcome.measured.report);
    context.progress(`${figure.name}: ${what} (${Math.round((performance.now() - startedMs) / 1_000)} s)`);
    // What it has left half done would bend the next ones.
    if ('error' in outcome) break;
  }
  return outcomes;
}

async function measure(figure: Figure, context: Context): Promise<Outcome> {
  const limit = AbortSignal.timeout(figure.limitMs);
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(new Error(`not measured within ${figure.limitMs / 1_000} s`)));
  });
  try {
    const measured: Measured = await Promise.race([figure.run(context), late]);
    return { figure, measured };
  } catch (error) {
    return { figure, error: error instanceof Error ? error.message : String(error) };
  }
}

async function run({ figures, json }: Settings): Promise<boolean> {
  const startedMs = performance.now();
  const progress = (line: string) => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6);
    process.stderr.write(`${pc.dim(`${seconds} s`)}  ${line}\n`);
  };
  const before = surroundings();
  const context = await startContext(progress);
  const outcomes = await measureAll(figures, context);
  const complete = outcomes.length === figures.length && outcomes.every((outcome) => 'measured' in outcome);
  if (!complete) progress(`the logs are in ${context.folder}`);
  await context.stop({ keepFolder: !complete });
  process.stdout.write(table(outcomes, pc));
  const seconds = (performance.now() - startedMs) / 1_000;
  if (json !== null) await writeFile(json, `${JSON.stringify(report(outcomes, before, seconds), null, 2)}\n`);
  return complete;
}

const settings = readSettings(process.argv.slice(2), FIGURES);
if (typeof settings === 'string') {
  process.stderr.write(`${settings}\n\n${USAGE}\n`);
  process.exitCode = 2;
} else if (settings.list) {
  for (const { name, title, unit } of FIGURES) process.stdout.write(`${name.padEnd(26)} ${unit.padEnd(8)} ${title}\n`);
} else {
  const complete = await run(settings).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  });
  // A measurement that was given up may hold the process.
  process.exit(complete ? 0 : 1);
}
