/** Several files become one plan: maps merge deep, lists and scalars are replaced, left to right. */
import { ADAPTER_ROLES, type AdapterRole, adapterKinds } from '../adapters.ts';
import { isNull, type MapNode, type Node, type Path } from './tree.ts';

/** `over` wins. Neither is changed. */
export function mergeNodes(base: Node, over: Node, path: Path = []): Node {
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  const entries = new Map(isAdapterBlock(path) ? withoutReplacedAdapter(path[0], base, over) : base.entries);
  for (const [key, entry] of over.entries) {
    const earlier = entries.get(key);
    const merged = earlier === undefined ? entry.node : mergeNodes(earlier.node, entry.node, [...path, key]);
    entries.set(key, { key_at: entry.key_at, node: merged });
  }
  return { kind: 'map', at: base.entries.size === 0 ? over.at : base.at, entries };
}

/**
 * `platform: local` becomes `platform: {local: {}}` and `platform: {local: }` too, so that a short form merges like the
 * long one: `--set metrics=scrape` changes the provider and keeps the window.
 */
export function expandAdapters(root: Node): Node {
  if (root.kind !== 'map') return root;
  const entries = new Map(root.entries);
  for (const role of ADAPTER_ROLES) {
    const entry = entries.get(role);
    if (entry !== undefined) entries.set(role, { ...entry, node: expandBlock(role, entry.node) });
  }
  return { ...root, entries };
}

function expandBlock(role: AdapterRole, node: Node): Node {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '') {
    const empty: MapNode = { kind: 'map', at: node.at, entries: new Map() };
    return { kind: 'map', at: node.at, entries: new Map([[node.value, { key_at: node.at, node: empty }]]) };
  }
  if (node.kind !== 'map') return node;
  const kinds = adapterKinds(role);
  const entries = [...node.entries].map(([key, entry]): [string, typeof entry] => {
    if (!kinds.includes(key) || !isNull(entry.node)) return [key, entry];
    return [key, { ...entry, node: { kind: 'map', at: entry.key_at, entries: new Map() } }];
  });
  return { ...node, entries: new Map(entries) };
}

/** Exactly one adapter is right, so a later file that names another one means it instead. */
function withoutReplacedAdapter(role: AdapterRole, base: MapNode, over: MapNode): MapNode['entries'] {
  const kinds = adapterKinds(role);
  if (!kinds.some((kind) => over.entries.has(kind))) return base.entries;
  return new Map([...base.entries].filter(([key]) => !kinds.includes(key) || over.entries.has(key)));
}

function isAdapterBlock(path: Path): path is [AdapterRole] {
  return path.length === 1 && ADAPTER_ROLES.some((role) => role === path[0]);
}
