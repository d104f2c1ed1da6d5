/**
 * Vitest's own V8 coverage, and what it passes over: the workflow bundle, which runs in the SDK's sandbox as a script
 * without a file address. One session takes both, since taking the counters sets them back.
 */
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

interface Taken {
  moduleExecutionInfo?: Map<string, { startOffset: number }>;
}

/** Layers whose branches are counted; nothing else is sent to the main process. */
const COUNTED = /^file:.*\/src\/(plan|decision|workflows)\//;

/** By a script's address. The SDK resolves the bundler's name for it against the working folder. */
export function isWorkflowBundle(url: string): boolean {
  return /\/workflow-bundle-\w+\.js$/.test(url);
}

/** This module is loaded anew between the start and the end of a test file, the process is the same. */
const shared = globalThis as { coverageSession?: Session };
shared.coverageSession ??= new Session();
const session = shared.coverageSession;

async function startCoverage(): Promise<void> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
}

async function takeCoverage({ moduleExecutionInfo }: Taken = {}): Promise<Profiler.TakePreciseCoverageReturnType> {
  const taken = await session.post('Profiler.takePreciseCoverage');
  const result = taken.result.flatMap((script) => {
    if (isWorkflowBundle(script.url)) return [script];
    if (!COUNTED.test(script.url)) return [];
    const { startOffset = 0 } = moduleExecutionInfo?.get(fileURLToPath(script.url)) ?? {};
    return [{ ...script, startOffset }];
  });
  return { ...taken, result };
}

async function stopCoverage(): Promise<void> {
  await session.post('Profiler.stopPreciseCoverage');
  await session.post('Profiler.disable');
  session.disconnect();
}

async function getProvider() {
  const { LayerCoverageProvider } = await import('./provider.ts');
  return new LayerCoverageProvider();
}

export default { startCoverage, takeCoverage, stopCoverage, getProvider };
