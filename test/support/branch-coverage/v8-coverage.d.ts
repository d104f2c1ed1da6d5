/** The library vitest itself merges V8's counters with; it comes without types. */
declare module '@bcoe/v8-coverage' {
  import type { Profiler } from 'node:inspector';

  interface ProcessCoverage {
    result: Profiler.ScriptCoverage[];
  }

  /** Sums the counters of scripts with the same address. */
  export function mergeProcessCovs(processes: ProcessCoverage[]): ProcessCoverage;
}
