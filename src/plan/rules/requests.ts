/** What no request of a plan can be, whoever sends it: a body where none can be, a header of the connection. */
import type { Finding } from '../finding.ts';
import { belongsToConnection, VALUE_NAME, valuesIn } from '../smoke-values.ts';
import type { SmokeMethod, SmokeSecret } from '../types.ts';

type Path = (string | number)[];
/** A finding without its code: that depends on who sends the request. */
type RequestProblem = Omit<Finding, 'code'>;

export interface Request {
  method: SmokeMethod;
  headers: Record<string, string | SmokeSecret>;
  json: unknown;
}

/** `at`: where the request is written. */
export function requestProblems({ method, headers, json }: Request, at: Path): RequestProblem[] {
  return [
    ...badSecrets(json, [...at, 'json']),
    ...connectionHeaders(headers, [...at, 'headers']),
    ...bodies(method, json, at),
  ];
}

function badSecrets(json: unknown, path: Path): RequestProblem[] {
  const bad = valuesIn(json, path).find((value) => value.kind === 'secret' && !VALUE_NAME.test(value.name));
  if (bad?.kind !== 'secret') return [];
  const message = `\`${bad.name}\` is no name of an environment variable.`;
  return [{ path: [...bad.path, 'env'], message, hint: 'Write a name such as SMOKE_PASSWORD.' }];
}

function connectionHeaders(headers: Request['headers'], path: Path): RequestProblem[] {
  const bad = Object.keys(headers).find(belongsToConnection);
  if (bad === undefined) return [];
  const message = `\`${bad}\` belongs to the connection; a plan cannot set it.`;
  return [{ path: [...path, bad], message, hint: 'Leave it out.' }];
}

function bodies(method: SmokeMethod, json: unknown, at: Path): RequestProblem[] {
  if (json === null || (method !== 'GET' && method !== 'HEAD')) return [];
  const message = `A ${method} carries no body.`;
  return [{ path: [...at, 'json'], message, hint: 'Use post, put, patch or delete.' }];
}
