/** Branch counts of two runs of one source, and their sums per layer. */
import type { FileCoverageData } from 'istanbul-lib-coverage';

export const LAYERS = ['src/plan', 'src/decision', 'src/workflows'];

/**
 * Adds the counts of `from` to those of `into`: one file's branches, compiled by two compilers. Both keep the order of
 * the source, but may differ by a column in where an expression starts. Throws when they are not the same branches.
 */
export function addBranches(into: FileCoverageData, from: FileCoverageData): void {
  const [ours, theirs] = [inOrder(into), inOrder(from)];
  if (shape(into, ours) !== shape(from, theirs)) {
    throw new Error(
      `the branches of ${into.path} are not those of the workflow bundle: was it changed during the run?`,
    );
  }
  for (const [index, id] of ours.entries()) {
    const more = from.b[theirs[index] ?? ''] ?? [];
    into.b[id] = (into.b[id] ?? []).map((count, arm) => count + (more[arm] ?? 0));
  }
}

/** The ids of a file's branches as they stand in the source; of two on one place the outer first. */
function inOrder({ branchMap }: FileCoverageData): string[] {
  const place = (id: string) => branchMap[id]?.loc ?? { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } };
  return Object.keys(branchMap).sort((a, b) => {
    const [one, other] = [place(a), place(b)];
    return (
      one.start.line - other.start.line ||
      one.start.column - other.start.column ||
      other.end.line - one.end.line ||
      other.end.column - one.end.column
    );
  });
}

function shape({ branchMap }: FileCoverageData, ids: string[]): string {
  return ids
    .map((id) => `${branchMap[id]?.loc.start.line}: ${branchMap[id]?.type} ${branchMap[id]?.locations.length}`)
    .join();
}

/** Percent are cut, never rounded up. `root`: the checkout's absolute path. */
export function branchLine(files: readonly FileCoverageData[], root: string): string {
  const parts = LAYERS.map((layer) => {
    const arms = files
      .filter(({ path }) => path.startsWith(`${root}/${layer}/`))
      .flatMap(({ b }) => Object.values(b).flat());
    const covered = arms.filter((count) => count > 0).length;
    const percent = arms.length === 0 ? 100 : Math.floor((1_000 * covered) / arms.length) / 10;
    return `${layer} ${percent.toFixed(1)} % (${covered} of ${arms.length})`;
  });
  return `branch coverage: ${parts.join(', ')}`;
}
