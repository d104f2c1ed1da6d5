/** The workflow bundle of a run that counts branches. */
import { readFile, writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { convert } from 'ast-v8-to-istanbul';
import { workflowsPath } from '../../../src/worker/bundle.ts';

/** Set by the main process of such a run: the file that its test processes run as workflow code. */
export const BUNDLE_VARIABLE = 'CUTOVER_COVERAGE_BUNDLE';

/** What the bundler puts before the source map at the bundle's end. */
const INLINE = ';base64,';

export interface CountedBundle {
  code: string;
  sourceMap: NonNullable<Parameters<typeof convert>[0]['sourceMap']>;
}

interface Loader {
  options?: { jsc?: { target?: string } };
}

/** Bundles as a worker does, but leaves `?.` and `??` as they are written: lowered, they would count as other branches. */
export async function writeCountedBundle(file: string): Promise<CountedBundle> {
  const quiet = () => undefined;
  const { code } = await bundleWorkflowCode({
    workflowsPath: workflowsPath(),
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
    webpackConfigHook(config) {
      for (const rule of config.module?.rules ?? []) {
        const use = (typeof rule === 'object' ? rule?.use : undefined) as Loader | undefined;
        if (use?.options?.jsc !== undefined) use.options.jsc.target = 'es2022';
      }
      return config;
    },
  });
  await writeFile(file, code);
  const sourceMap = Buffer.from(code.slice(code.lastIndexOf(INLINE) + INLINE.length), 'base64').toString();
  return { code, sourceMap: JSON.parse(sourceMap) };
}

/** The SDK would run it in threads of its own, which the test process's inspector does not see: TEMPORAL_DEBUG keeps it here. */
export async function readCountedBundle(file: string): Promise<WorkflowBundleWithSourceMap> {
  process.env.TEMPORAL_DEBUG = '1';
  return { code: await readFile(file, 'utf8'), sourceMap: '' };
}
