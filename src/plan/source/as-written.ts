/** Texts that YAML takes for numbers: `version: 1.10` means 1.10, not 1.1. */
import type { Node } from './tree.ts';

/** Keys whose value is a text whatever it looks like; `*` is any key or index. */
const TEXTS = [
  ['service'],
  ['environment'],
  ['target'],
  ['version'],
  ['platform', 'local', 'command', '*'],
  ['platform', 'local', 'env', '*'],
  ['approval', 'approvers', '*'],
  ['blue_green_switch', 'validation_phases', '*', 'header', '*'],
  ['smoke', 'flows', '*', 'steps', '*', 'headers', '*'],
  ['hooks', '*', '*', 'name'],
  ...[
    ['checks', '*'],
    ['hooks', '*', '*'],
  ].flatMap((call) => [
    [...call, 'http', 'headers', '*'],
    [...call, 'script', 'command', '*'],
    [...call, 'script', 'env', '*'],
  ]),
];

/** The same tree with the text as written where the plan wants a text. */
export function readAsWritten(root: Node): Node {
  return TEXTS.reduce((node, path) => rewrite(node, path), root);
}

function rewrite(node: Node, path: readonly string[]): Node {
  const [part, ...rest] = path;
  if (part === undefined) {
    const isOther = node.kind === 'scalar' && (typeof node.value === 'number' || typeof node.value === 'boolean');
    return isOther ? { ...node, value: node.source } : node;
  }
  if (node.kind === 'list' && part === '*') return { ...node, items: node.items.map((item) => rewrite(item, rest)) };
  if (node.kind !== 'map') return node;
  const entries = [...node.entries].map(([key, entry]): [string, typeof entry] =>
    part === '*' || part === key ? [key, { ...entry, node: rewrite(entry.node, rest) }] : [key, entry],
  );
  return { ...node, entries: new Map(entries) };
}
