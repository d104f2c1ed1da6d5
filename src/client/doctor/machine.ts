/** What this machine has. */
import { env, version } from 'node:process';
import { LocalClient } from '../../local/client.ts';
import { findTemporalCli } from '../../local/temporal/cli.ts';
import { type Check, failed, ok, warning } from './check.ts';

/** As package.json says. */
const NODE_MINIMUM = [20, 19] as const;

export function checkNode(found: string = version): Check {
  const [major = 0, minor = 0] = found.replace(/^v/, '').split('.').map(Number);
  const enough = major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1]);
  const minimum = NODE_MINIMUM.join('.');
  return enough
    ? ok('Node', found)
    : failed('Node', `${found} is older than ${minimum}`, `Install Node ${minimum} or later.`);
}

/** Only `cutover dev` and `cutover demo` need it, and they download it. `cacheDir`: default the user's. */
export async function checkTemporalCli(cacheDir?: string): Promise<Check> {
  const path = await findTemporalCli({ cliPath: env.CUTOVER_TEMPORAL_CLI, cacheDir });
  return path === null
    ? warning('Temporal CLI', 'not found', '`cutover dev` downloads it; or install Temporal CLI 1.6 or later on PATH.')
    : ok('Temporal CLI', path);
}

export async function checkLocalProgram(url: string): Promise<Check> {
  try {
    await new LocalClient({ url }).health();
    return ok('local program', url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failed('local program', why, 'Start it (`cutover dev`), or name its address in CUTOVER_LOCAL_URL.');
  }
}
