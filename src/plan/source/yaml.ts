/** YAML text to a located tree, within bounds: nothing that a file holds may hang or crash the reader. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node as YamlNode,
} from 'yaml';
import type { ErrorCode } from '../../errors.ts';
import { createProblem, PlanError, type Position, printKey } from '../problems.ts';
import { type Excess, findExcess } from './nesting.ts';
import { checkKey, checkText } from './text.ts';
import type { MapNode, Node } from './tree.ts';

export const MAX_FILE_CHARACTERS = 1_000_000;
/** Maps and lists within each other. */
export const MAX_DEPTH = 64;
/** Keys and values after every alias is followed: an alias bomb is small as text only. */
export const MAX_NODES = 50_000;

/** Words and signs: composing a million commas takes ten seconds. */
const MAX_LEXEMES = 250_000;

interface Reader {
  document: Document;
  at: (offset: number | undefined) => Position;
  nodes: number;
}

/** Throws PlanError with one problem: the first thing that makes the text unreadable. */
export function parseYaml(text: string, locate: (line: number, column: number) => Position): Node {
  const origin = locate(1, 1);
  if (text.length > MAX_FILE_CHARACTERS) {
    fail('CUTOVER_PLAN_TOO_LARGE', origin, [], `The file has over ${MAX_FILE_CHARACTERS} characters.`);
  }
  const excess = findExcess(text, MAX_DEPTH, MAX_LEXEMES);
  if (excess !== null) failExcess(excess.what, locate(excess.line, excess.column));
  const lines = new LineCounter();
  // uniqueKeys compares every key with every other: duplicates are found below.
  const document = parseDocument(text, {
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
    lineCounter: lines,
  });
  const at = (offset: number | undefined): Position => {
    const found = lines.linePos(Math.min(offset ?? 0, text.length));
    return locate(Math.max(found.line, 1), Math.max(found.col, 1));
  };
  const [error] = document.errors;
  if (error !== undefined) {
    fail('CUTOVER_PLAN_SYNTAX', at(error.pos[0]), [], `This is not YAML: ${error.message}.`, syntaxHint(error.code));
  }
  const [warning] = document.warnings;
  if (warning !== undefined) fail('CUTOVER_PLAN_SYNTAX', at(warning.pos[0]), [], `${warning.message}.`, 'Use no tags.');
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
    fail(
      'CUTOVER_PLAN_SYNTAX',
      origin,
      [],
      'The file asks for YAML 1.1, where `no` means false.',
      'Remove the %YAML line.',
    );
  }
  return read({ document, at, nodes: 0 }, document.contents, origin, []);
}

function read(reader: Reader, node: unknown, around: Position, path: (string | number)[]): Node {
  reader.nodes += 1;
  const at = reader.at((node as YamlNode | null)?.range?.[0]) ?? around;
  if (reader.nodes > MAX_NODES) {
    fail('CUTOVER_PLAN_TOO_LARGE', at, path, `The plan has over ${MAX_NODES} values, aliases followed.`);
  }
  if (path.length > MAX_DEPTH) failDepth(at, path.slice(0, 3));
  if (isAlias(node)) return readAlias(reader, node.source, node.resolve(reader.document), at, path);
  if (isMap(node)) return readMap(reader, node.items, at, path);
  if (isSeq(node))
    return { kind: 'list', at, items: node.items.map((item, index) => read(reader, item, at, [...path, index])) };
  if (node === null) return { kind: 'scalar', at: around, value: null, source: '', inner: null };
  return readScalar(node, at, path);
}

function readAlias(reader: Reader, name: string, target: unknown, at: Position, path: (string | number)[]): Node {
  if (target === undefined)
    fail('CUTOVER_PLAN_SYNTAX', at, path, `\`*${name}\` names no anchor.`, `Write \`&${name}\` above it.`);
  return read(reader, target, at, path);
}

function readMap(reader: Reader, items: readonly unknown[], at: Position, path: (string | number)[]): MapNode {
  const entries: MapNode['entries'] = new Map();
  for (const item of items) {
    const pair = item as { key: YamlNode | null; value: YamlNode | null };
    const keyAt = pair.key === null ? at : reader.at(pair.key.range?.[0]);
    const key = isScalar(pair.key) ? String(pair.key.value ?? '') : '';
    checkKey(key, keyAt, path);
    const earlier = entries.get(key);
    if (earlier !== undefined) {
      fail(
        'CUTOVER_PLAN_DUPLICATE_KEY',
        keyAt,
        [...path, key],
        `\`${key}\` is already given in line ${earlier.key_at.line}.`,
      );
    }
    entries.set(key, { key_at: keyAt, node: read(reader, pair.value, keyAt, [...path, key]) });
  }
  return { kind: 'map', at, entries };
}

function readScalar(node: unknown, at: Position, path: (string | number)[]): Node {
  const value = isScalar(node) ? node.value : undefined;
  const source = isScalar(node) && typeof node.source === 'string' ? node.source : String(value);
  if (typeof value === 'string') checkText(value, at, path);
  const plain = value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!plain) {
    fail('CUTOVER_PLAN_SYNTAX', at, path, `\`${source.slice(0, 60)}\` is no text, number or boolean.`);
  }
  return { kind: 'scalar', at, value: value as string | number | boolean | null, source, inner: innerOf(node) };
}

function innerOf(node: unknown): number | null {
  const type = isScalar(node) ? node.type : undefined;
  if (type === 'PLAIN') return 0;
  return type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE' ? 1 : null;
}

function failExcess(what: Excess['what'], at: Position): never {
  if (what === 'nesting') failDepth(at, []);
  fail('CUTOVER_PLAN_TOO_LARGE', at, [], `The file has over ${MAX_LEXEMES} words and signs.`);
}

function failDepth(at: Position, path: (string | number)[]): never {
  fail(
    'CUTOVER_PLAN_TOO_LARGE',
    at,
    path,
    `Maps and lists are nested deeper than ${MAX_DEPTH}.`,
    'Check for brackets without end, and for an alias within itself.',
  );
}

function syntaxHint(code: string): string | undefined {
  if (code === 'MULTIPLE_DOCS') return 'Give the second document as a file of its own: files are merged in order.';
  if (code === 'TAB_AS_INDENT') return 'Indent with spaces.';
  return undefined;
}

function fail(code: ErrorCode, at: Position, path: (string | number)[], message: string, hint?: string): never {
  throw new PlanError([createProblem(code, at, printKey(path), message, hint)]);
}
