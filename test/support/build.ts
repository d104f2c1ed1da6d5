import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { ensureTemporalCli } from '../../src/local/temporal/cli.ts';
import { ensureTestServer } from '../../src/local/temporal/test-server.ts';
import { builtPath, packageRoot } from '../../src/package-root.ts';
import { ensureMoto } from './aws/moto.ts';
import { controlPlaneParts } from './kubernetes/parts.ts';

const run = promisify(execFile);

/** Suites whose tests start programs from `dist/`, and a whole Temporal server. */
const SPAWNING = ['integration', 'e2e', 'kubernetes', 'aws'];
const ON_KUBERNETES = ['integration', 'kubernetes'];
const TIME_SKIPPING = ['workflow', 'replay'];

/**
 * Once per run, before any test: builds what the chosen suites spawn, and fetches the servers they need while the
 * progress can be seen. Types are `npm run typecheck`'s business; here only JavaScript is written.
 */
export async function setup(root: TestProject): Promise<void> {
  const chosen = root.vitest.projects.map((project) => project.name);
  if (chosen.some((name) => SPAWNING.includes(name))) {
    await timed('building dist/', build);
    await fetchServer(() => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI, onProgress: tell }));
  }
  // Minutes, the first time on a machine: not beside tests, whose clocks it would bend.
  if (chosen.some((name) => ON_KUBERNETES.includes(name))) await fetchServer(() => controlPlaneParts(tell));
  if (chosen.includes('aws')) await fetchServer(() => ensureMoto(tell));
  if (chosen.some((name) => TIME_SKIPPING.includes(name))) await fetchServer(() => ensureTestServer(tell));
}

async function build(): Promise<void> {
  const typescript = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace(/package\.json$/, 'bin/tsc');
  const options = { cwd: packageRoot() };
  await run(
    process.execPath,
    [typescript, '-p', 'tsconfig.build.json', '--noCheck', '--declaration', 'false'],
    options,
  );
  await run(process.execPath, [builtPath('src/worker/bundle.js')], options);
}

/** A server that cannot be had is told by the tests that need it: each of them is skipped, or fails. */
async function fetchServer(ensure: () => Promise<unknown>): Promise<void> {
  await ensure().catch((error: unknown) => tell(String(error)));
}

async function timed(title: string, work: () => Promise<unknown>): Promise<void> {
  const startedAt = Date.now();
  tell(`${title} …`);
  await work();
  tell(`${title} took ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
