/** In what the standby colour, as it would be deployed now, differs from the active one. */
import { createHash } from 'node:crypto';
import type { Launch } from '../../local/api.ts';
import type { ParityDifference } from '../../workflows/api.ts';

const MAX_SHOWN = 200;

/** One line per part, those of the environment by their names; its values, which may be secret, only as hashes. */
export function differencesBetween(active: Launch, standby: Launch): ParityDifference[] {
  const names = [...new Set([...Object.keys(active.env), ...Object.keys(standby.env)])].sort();
  const parts: ParityDifference[] = [
    { path: 'command', active: commandOf(active), standby: commandOf(standby) },
    { path: 'cwd', active: active.cwd, standby: standby.cwd },
    { path: 'health_path', active: active.health_path, standby: standby.health_path },
    ...names.map((name) => ({
      path: `env.${name}`,
      active: hashOf(active.env, name),
      standby: hashOf(standby.env, name),
    })),
  ];
  return parts
    .filter((part) => part.active !== part.standby)
    .map(({ path, active, standby }) => ({ path, active: shown(active), standby: shown(standby) }));
}

/** As JSON, so that an argument with a blank is not taken for two. */
function commandOf({ command }: Launch): string {
  return JSON.stringify(command);
}

function hashOf(env: Launch['env'], name: string): string | null {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === undefined ? null : `sha256:${createHash('sha256').update(value).digest('hex').slice(0, 8)}`;
}

function shown(text: string | null): string | null {
  return text !== null && text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
