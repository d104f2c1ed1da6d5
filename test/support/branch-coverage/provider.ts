/** The main process's half: maps what ran of the workflow bundle back to its sources, and prints the layers' line. */
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { mergeProcessCovs } from '@bcoe/v8-coverage';
import { V8CoverageProvider } from '@vitest/coverage-v8/dist/provider.js';
import { convert } from 'ast-v8-to-istanbul';
import type { CoverageMap } from 'istanbul-lib-coverage';
import { parseAstAsync, type ReportContext } from 'vitest/node';
import { packageRoot } from '../../../src/package-root.ts';
import { addBranches, branchLine } from './branches.ts';
import { BUNDLE_VARIABLE, type CountedBundle, writeCountedBundle } from './bundle.ts';
import { isWorkflowBundle } from './module.ts';

type SuiteMeta = Parameters<V8CoverageProvider['onAfterSuiteRun']>[0];

export class LayerCoverageProvider extends V8CoverageProvider {
  #bundle: CountedBundle | null = null;
  #ran: Profiler.ScriptCoverage[] = [];

  override async clean(clean?: boolean): Promise<void> {
    await super.clean(clean);
    const file = join(this.coverageFilesDirectory, 'workflow-bundle.js');
    this.#bundle = await writeCountedBundle(file);
    process.env[BUNDLE_VARIABLE] = file;
  }

  override onAfterSuiteRun(meta: SuiteMeta): void {
    // A test process that died has nothing to tell.
    const { result } = (meta.coverage ?? { result: [] }) as Profiler.TakePreciseCoverageReturnType;
    const bundles = result.filter(({ url }) => isWorkflowBundle(url));
    if (bundles.length > 0) this.#ran = mergeProcessCovs([{ result: this.#ran }, { result: bundles }]).result;
    super.onAfterSuiteRun({ ...meta, coverage: { result: result.filter(({ url }) => !isWorkflowBundle(url)) } });
  }

  override async generateCoverage(context: ReportContext): Promise<CoverageMap> {
    const map = await super.generateCoverage(context);
    if (this.#bundle === null) return map;
    const { code, sourceMap } = this.#bundle;
    for (const coverage of this.#ran) {
      const sources = await convert({ code, sourceMap, ast: parseAstAsync(code), coverage });
      for (const file of map.files()) {
        const ran = sources[file];
        if (ran !== undefined) addBranches(map.fileCoverageFor(file).data, ran);
      }
    }
    return map;
  }

  override async generateReports(map: CoverageMap, allTestsRun?: boolean): Promise<void> {
    const files = map.files().map((file) => map.fileCoverageFor(file).data);
    this.ctx.logger.log(branchLine(files, packageRoot()));
    await super.generateReports(map, allTestsRun);
  }
}
