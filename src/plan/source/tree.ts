/** A plan as written: plain values that remember where each was written. */
import type { Position } from '../problems.ts';

export type Scalar = string | number | boolean | null;

export interface ScalarNode {
  kind: 'scalar';
  at: Position;
  value: Scalar;
  /** The text in the file: `1.10`, where the value is the number 1.1. */
  source: string;
  /** Characters before the text begins: 1 for quotes; null: a block, whose text begins on another line. */
  inner: number | null;
}
export interface ListNode {
  kind: 'list';
  at: Position;
  items: Node[];
}
export interface MapNode {
  kind: 'map';
  at: Position;
  entries: Map<string, Entry>;
}
export interface Entry {
  key_at: Position;
  node: Node;
}
export type Node = ScalarNode | ListNode | MapNode;

export type Path = readonly (string | number)[];

/**
 * The plain value. A key without a value (`observation:`) is as good as absent, in maps; within lists and JSON bodies,
 * whose content is somebody else's, null stays.
 */
export function toValue(node: Node, withinList = false): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map((item) => toValue(item, true));
  const entries = [...node.entries].filter(([, entry]) => withinList || !isNull(entry.node));
  return Object.fromEntries(entries.map(([key, entry]) => [key, toValue(entry.node, withinList || key === 'json')]));
}

/** The node at a path; null: nothing is written there. */
export function nodeAt(root: Node, path: Path): Node | null {
  let node: Node | undefined = root;
  for (const part of path) {
    if (node?.kind === 'map') node = node.entries.get(String(part))?.node;
    else if (node?.kind === 'list') node = node.items[Number(part)];
    else return null;
  }
  return node ?? null;
}

/** Where the value at a path is written, or, when it is not, the closest thing around it. */
export function positionOf(root: Node, path: Path): Position {
  for (let length = path.length; length > 0; length -= 1) {
    const node = nodeAt(root, path.slice(0, length));
    // The text of a map or list begins at its first entry; the key that holds it says more.
    if (node?.kind === 'map' || node?.kind === 'list') return keyPositionOf(root, path.slice(0, length));
    if (node !== null) return node.at;
  }
  return root.at;
}

/** Where the key at the end of a path is written. */
export function keyPositionOf(root: Node, path: Path): Position {
  const parent = nodeAt(root, path.slice(0, -1));
  const entry = parent?.kind === 'map' ? parent.entries.get(String(path.at(-1))) : undefined;
  return entry?.key_at ?? nodeAt(root, path)?.at ?? positionOf(root, path.slice(0, -1));
}

export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}
