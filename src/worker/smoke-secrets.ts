/** Which of the worker's environment variables a plan may name by `{env: NAME}`. */
import { SECRET_PREFIX } from '../plan/smoke-values.ts';

/**
 * Those whose names begin with `SMOKE_`, and those that `CUTOVER_SMOKE_ENV` lists, separated by commas. Whoever starts a
 * deployment can have them sent to its candidate, so everything else of the environment stays here.
 */
export function smokeSecrets(env: Readonly<NodeJS.ProcessEnv>): (name: string) => string | undefined {
  const listed = new Set((env.CUTOVER_SMOKE_ENV ?? '').split(',').map((name) => name.trim()));
  return (name) => (name.startsWith(SECRET_PREFIX) || listed.has(name) ? env[name] : undefined);
}
