/** `--set a.b.c=VALUE`: one value of a plan from the command line. */
import { createProblem, PlanError, type Position } from '../problems.ts';
import { checkKey } from './text.ts';
import type { Node } from './tree.ts';
import { MAX_DEPTH, parseYaml } from './yaml.ts';

/**
 * A tree with the one value. VALUE is a YAML scalar or flow (`20s`, `[25, 100]`, `{path: /health}`); an empty one unsets
 * the key. A dot within a key is written `\.`. Throws PlanError.
 */
export function parseSet(text: string): Node {
  const equals = text.indexOf('=');
  const keyText = equals < 0 ? text : text.slice(0, equals);
  const locate = (column: number): Position => ({ file: `--set ${keyText.slice(0, 80)}`, line: 1, column });
  if (equals < 0) fail(locate(1), `\`${text.slice(0, 80)}\` has no \`=\`.`);
  const keys = splitKey(keyText);
  if (keys.some(({ key }) => key === '')) fail(locate(1), `\`${keyText.slice(0, 80)}\` has an empty part.`);
  if (keys.length > MAX_DEPTH) fail(locate(1), `The key has over ${MAX_DEPTH} parts.`);
  for (const { key, column } of keys) checkKey(key, locate(column), []);
  const value = parseYaml(text.slice(equals + 1), (line, column) => ({
    ...locate(line === 1 ? column + equals + 1 : column),
    line,
  }));
  return keys.reduceRight<Node>((node, { key, column }) => {
    const at = locate(column);
    return { kind: 'map', at, entries: new Map([[key, { key_at: at, node }]]) };
  }, value);
}

function splitKey(text: string): { key: string; column: number }[] {
  return [...text.matchAll(/(?:^|\.)((?:\\.|[^.\\]|\\$)*)/gs)].map((match) => ({
    key: (match[1] ?? '').trim().replace(/\\(.)/gs, '$1'),
    column: match.index + (match[0].startsWith('.') ? 2 : 1),
  }));
}

function fail(at: Position, message: string): never {
  throw new PlanError([createProblem('CUTOVER_PLAN_SET', at, '', message)]);
}
