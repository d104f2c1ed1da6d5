/** JSONPath (RFC 9535) to one value: names and indices only, so that reading it takes no script, no time, no choice. */
import { type JSONPathQuery, jsonpath } from 'json-p3';

const MAX_LENGTH = 500;

/** Finds the value in a document that came from `JSON.parse`; undefined: there is none. */
export type ValuePath = (document: unknown) => unknown;

/** Null: the text is no JSONPath, or one that may lead to several values (`*`, `..`, slices, filters). */
export function parseValuePath(text: string): ValuePath | null {
  const query = compile(text);
  if (query === null || !query.singularQuery()) return null;
  return (document) => query.match(document as Parameters<JSONPathQuery['match']>[0])?.value;
}

function compile(text: string): JSONPathQuery | null {
  if (text.length > MAX_LENGTH) return null;
  try {
    return jsonpath.compile(text);
  } catch {
    return null;
  }
}
