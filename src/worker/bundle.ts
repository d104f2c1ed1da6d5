/** The build's second step: bundles the workflow code into `dist/workflow-bundle.js`, so that workers start at once. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import writeFileAtomic from 'write-file-atomic';
import { builtPath } from '../package-root.ts';

export const BUNDLE_FILE = 'workflow-bundle.js';

/** The workflow code beside this file: sources in a checkout, JavaScript in `dist/`. */
export function workflowsPath(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../workflows/index.${ending}`, import.meta.url));
}

/** Bundles without the bundler's chatter; its warnings go to standard error. Throws what it found forbidden. */
export function bundleWorkflows(path: string): Promise<WorkflowBundleWithSourceMap> {
  const quiet = () => undefined;
  const tell = (message: string) => {
    process.stderr.write(`${message}\n`);
  };
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: tell, error: tell };
  return bundleWorkflowCode({ workflowsPath: path, logger });
}

/** Writes `file` whole or not at all. Returns its size in bytes. */
export async function writeBundle(path: string, file: string): Promise<number> {
  const { code } = await bundleWorkflows(path);
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, code);
  return Buffer.byteLength(code);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = await writeBundle(workflowsPath(), builtPath(BUNDLE_FILE));
  process.stdout.write(`dist/${BUNDLE_FILE}: ${Math.round(bytes / 1024)} KiB\n`);
}
