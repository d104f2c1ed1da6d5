/** The secrets that a call of a plan names by `{env: NAME}`, and where they go. */
import { HEADER_VALUE, secretName, valuesIn } from '../plan/smoke-values.ts';
import type { SmokeSecret } from '../plan/types.ts';
import type { Redactor } from './redact.ts';

/** What `{env: NAME}` stands for; undefined: the worker gives no such value away. */
export type Secrets = (name: string) => string | undefined;

/** Throws an Error for people. An empty value is none: it was left out where the worker is started. */
export function secretOf(secrets: Secrets, name: string): string {
  const value = secrets(name);
  if (value !== undefined && value !== '') return value;
  throw new Error(`the worker gives no value for ${name}: see CUTOVER_SMOKE_ENV`);
}

/** From now on every secret that `value` (any JSON) names is shown by its name. */
export function hideSecrets(value: unknown, secrets: Secrets, redactor: Redactor): void {
  for (const one of valuesIn(value)) {
    const secret = one.kind === 'secret' ? secrets(one.name) : undefined;
    if (one.kind === 'secret' && secret !== undefined) redactor.hide(secret, `{env: ${one.name}}`);
  }
}

/** The same JSON with every `{env: NAME}` replaced by its value. */
export function fillSecrets(value: unknown, secrets: Secrets): unknown {
  const name = secretName(value);
  if (name !== null) return secretOf(secrets, name);
  if (Array.isArray(value)) return value.map((item) => fillSecrets(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fillSecrets(inner, secrets)]));
}

/** Names in lower case. Throws an Error for people, without the value in it, for one that cannot stand in a header. */
export function fillHeaders(
  headers: Readonly<Record<string, string | SmokeSecret>>,
  secrets: Secrets,
): Record<string, string> {
  const filled = Object.entries(headers).map(([name, value]): [string, string] => {
    const text = textOf(value, secrets);
    if (!HEADER_VALUE.test(text)) throw new Error(`the value for the header ${name} cannot stand in a header`);
    return [name.toLowerCase(), text];
  });
  return Object.fromEntries(filled);
}

export function textOf(value: string | SmokeSecret, secrets: Secrets): string {
  return typeof value === 'string' ? value : secretOf(secrets, value.env);
}
