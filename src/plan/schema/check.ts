/** Checks a located tree against the schema: every mismatch becomes one located problem. */
import type { z } from 'zod';
import { nearestName } from '../nearest.ts';
import { createProblem, type Problem, printKey } from '../problems.ts';
import { keyPositionOf, type Node, nodeAt, type Path, positionOf, toValue } from '../source/tree.ts';
import { DURATION_EXPECTED } from './base.ts';
import { knownKeysAt, otherPlaceOf } from './known-keys.ts';
import { planSchema, type WrittenPlan } from './plan.ts';

const DID_YOU_MEAN = 'Did you mean';
/** Of an address; they are not repeated. */
const CREDENTIALS = /\/\/[^/@\s]*@/;

type Issue = z.core.$ZodIssue;

export function checkStructure(root: Node): { plan: WrittenPlan; problems: [] } | { plan: null; problems: Problem[] } {
  const parsed = planSchema.safeParse(toValue(root));
  if (parsed.success) return { plan: parsed.data, problems: [] };
  const problems = parsed.error.issues.flatMap((issue) => toProblems(root, issue, []));
  return { plan: null, problems: firstPerKey(problems.filter((problem) => !isMisspeltHere(problem, problems))) };
}

/** A key that is missing, or a choice not made, only because a key is misspelt; the misspelling says it all. */
function isMisspeltHere({ code, key }: Problem, problems: Problem[]): boolean {
  if (code === 'CUTOVER_PLAN_VALUE') return problems.some((other) => isMisspeltWithin(other, key));
  if (code !== 'CUTOVER_PLAN_MISSING_KEY') return false;
  const [name, parent] = [key.slice(key.lastIndexOf('.') + 1), key.slice(0, key.lastIndexOf('.'))];
  return problems.some(
    (other) =>
      other.code === 'CUTOVER_PLAN_UNKNOWN_KEY' &&
      other.key.startsWith(`${parent}.`) &&
      other.hint === didYouMean(name),
  );
}

function isMisspeltWithin({ code, key, hint }: Problem, map: string): boolean {
  return code === 'CUTOVER_PLAN_UNKNOWN_KEY' && key.startsWith(`${map}.`) && hint.startsWith(DID_YOU_MEAN);
}

function didYouMean(key: string): string {
  return `${DID_YOU_MEAN} \`${key}\`?`;
}

function toProblems(root: Node, issue: Issue, base: Path): Problem[] {
  const path = [...base, ...issue.path.filter((part) => typeof part !== 'symbol')];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(root, path, key));
  if (issue.code === 'invalid_key') return [invalidKey(root, path, issue)];
  if (issue.code === 'invalid_union') {
    const meant = meantBranch(issue, nodeAt(root, path));
    if (meant !== null) return meant.flatMap((inner) => toProblems(root, inner, path));
  }
  return [wrongValue(root, path, issue)];
}

/** Of several forms, the long one is meant when a map was written; its own problems say more than "none fits". */
function meantBranch(issue: Extract<Issue, { code: 'invalid_union' }>, node: Node | null): Issue[] | null {
  if (node?.kind !== 'map') return null;
  return (
    issue.errors.find(
      (errors) => !errors.some(({ code, path }) => path.length === 0 && code !== 'unrecognized_keys'),
    ) ?? null
  );
}

function unknownKey(root: Node, path: Path, key: string): Problem {
  const known = knownKeysAt(path);
  const nearest = nearestName(key, known);
  const elsewhere = nearest === null ? otherPlaceOf(key) : null;
  const hints = [
    nearest === null ? null : didYouMean(nearest),
    elsewhere === null ? null : `It belongs at \`${elsewhere}\`.`,
    `The keys here are ${known.join(', ')}.`,
  ];
  const [hint] = hints.filter((text) => text !== null);
  const where = path.length === 0 ? 'in a plan' : `in \`${printKey(path)}\``;
  const full = [...path, key];
  return createProblem(
    'CUTOVER_PLAN_UNKNOWN_KEY',
    keyPositionOf(root, full),
    printKey(full),
    `\`${key}\` is no key ${where}.`,
    hint,
  );
}

function invalidKey(root: Node, path: Path, issue: Extract<Issue, { code: 'invalid_key' }>): Problem {
  const expected = issue.issues[0]?.message ?? 'a plain name';
  const message = `\`${String(path.at(-1))}\` is no name that can stand in \`${printKey(path.slice(0, -1))}\`.`;
  return createProblem('CUTOVER_PLAN_VALUE', keyPositionOf(root, path), printKey(path), message, `Write ${expected}.`);
}

function wrongValue(root: Node, path: Path, issue: Issue): Problem {
  const node = nodeAt(root, path);
  const key = printKey(path);
  const at = positionOf(root, path);
  const expected = expectedOf(issue);
  if (node === null) {
    return createProblem('CUTOVER_PLAN_MISSING_KEY', at, key, `\`${key}\` is missing.`, `Give it ${expected}.`);
  }
  // A secret that stands in a plan by mistake is not repeated.
  const found = node.kind === 'scalar' && path.at(-1) === 'secret' ? 'a text' : describe(node);
  if (expected !== DURATION_EXPECTED) {
    const about = key === '' ? 'The plan' : `\`${key}\``;
    return createProblem(
      'CUTOVER_PLAN_VALUE',
      at,
      key,
      `${about} is ${found}; it must be ${expected}.`,
      `Write ${expected}.`,
    );
  }
  const isNumber = node.kind === 'scalar' && typeof node.value === 'number' && node.value >= 0;
  const hint = isNumber
    ? `Write the unit: ${node.source}s for seconds, ${node.source}ms for milliseconds.`
    : `Write ${expected}.`;
  return createProblem('CUTOVER_PLAN_DURATION', at, key, `\`${key}\` is ${found}; it must be ${expected}.`, hint);
}

function expectedOf(issue: Issue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return plain(issue.message);
  const names: Record<string, string> = {
    object: 'a map of keys',
    record: 'a map of keys',
    array: 'a list',
    string: 'a text',
  };
  return names[issue.expected] ?? `a ${issue.expected}`;
}

/** zod's own wording, where the schema gives none, begins with a capital and the kind of mismatch. */
function plain(message: string): string {
  return message.replace(/^(Invalid input|Invalid string|Invalid option|Too big|Too small): (expected )?/, '');
}

function describe(node: Node): string {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'empty';
  const source = node.source.replace(CREDENTIALS, '//…@');
  const shown = source.length > 60 ? `${source.slice(0, 57)}…` : source;
  return typeof node.value === 'string' ? `\`${shown}\`` : `the ${typeof node.value} ${shown}`;
}

/** One text can break several bounds; the first says enough. */
function firstPerKey(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ code, key }) => {
    const id = code === 'CUTOVER_PLAN_UNKNOWN_KEY' ? `${code} ${key}` : key;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
