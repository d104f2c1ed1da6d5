/** Files and `--set` values become a plan, or located problems. */
import type { Finding } from './finding.ts';
import { normalise } from './normalise/normalise.ts';
import { createProblem, PlanError, type Position, type Problem, printKey } from './problems.ts';
import { findDoubts } from './rules/doubts.ts';
import { findNotBuilt } from './rules/not-built.ts';
import { checkRules } from './rules/rules.ts';
import { checkStructure } from './schema/check.ts';
import { readAsWritten } from './source/as-written.ts';
import { expandAdapters, mergeNodes } from './source/merge.ts';
import { parseSet } from './source/set.ts';
import { isNull, type MapNode, type Node, nodeAt, positionOf } from './source/tree.ts';
import { parseYaml } from './source/yaml.ts';
import type { Plan } from './types.ts';

export interface PlanFile {
  /** Shown in problems. */
  name: string;
  text: string;
}

export interface LoadedPlan {
  plan: Plan;
  warnings: Problem[];
}

/**
 * Merges the files left to right, then the `--set` values, checks the whole and fills the defaults. Throws PlanError with
 * every error found, each at the file or `--set` its value came from; text that cannot be read at all is reported alone.
 */
export function loadPlan(files: readonly PlanFile[], sets: readonly string[] = []): LoadedPlan {
  const root = readSources(files, sets);
  const structure = checkStructure(root);
  if (structure.plan === null) throw new PlanError(structure.problems);
  const { plan, findings } = normalise(structure.plan);
  const errors = locateAll(root, [...findings, ...checkRules(plan)]);
  const warnings = locateAll(root, [...findNotBuilt(plan), ...findDoubts(plan, structure.plan)]);
  if (errors.length > 0) throw new PlanError([...errors, ...warnings]);
  return { plan, warnings };
}

function readSources(files: readonly PlanFile[], sets: readonly string[]): Node {
  const sources = [...files.map(readFile), ...sets.map(parseSet)];
  const origin: Position = { file: files[0]?.name ?? '--set', line: 1, column: 1 };
  const nothing: MapNode = { kind: 'map', at: origin, entries: new Map() };
  const merged = sources.map(expandAdapters).reduce((base, over) => mergeNodes(base, over), nothing);
  return readAsWritten(merged);
}

function readFile({ name, text }: PlanFile): MapNode {
  const node = parseYaml(text, (line, column) => ({ file: name, line, column }));
  if (node.kind === 'map') return node;
  // A file of comments only.
  if (isNull(node)) return { kind: 'map', at: node.at, entries: new Map() };
  const found = node.kind === 'list' ? 'a list' : 'a single value';
  throw new PlanError([
    createProblem(
      'CUTOVER_PLAN_VALUE',
      node.at,
      '',
      `The file holds ${found}; a plan is a map of keys.`,
      'Write `service: NAME` and so on.',
    ),
  ]);
}

function locateAll(root: Node, findings: readonly Finding[]): Problem[] {
  return findings.map((finding) => locate(root, finding));
}

function locate(root: Node, { code, path: asked, message, hint, offset }: Finding): Problem {
  // A step written as a plain number has no `share` of its own.
  const path = nodeAt(root, asked.slice(0, -1))?.kind === 'scalar' ? asked.slice(0, -1) : asked;
  const node = nodeAt(root, path);
  const at = positionOf(root, path);
  const isExact = offset !== undefined && node?.kind === 'scalar' && node.inner !== null;
  const exact = isExact ? { ...at, column: at.column + (node.inner ?? 0) + offset } : at;
  return createProblem(code, exact, printKey(path), message, hint);
}
