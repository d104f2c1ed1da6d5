import { CutoverError } from '../../errors.ts';
import type { ServiceView } from '../../local/api.ts';
import { LocalClient } from '../../local/client.ts';
import type { Colour } from '../../plan/types.ts';
import type { ColourState, Platform } from '../types.ts';
import { differencesBetween } from './local-parity.ts';

export interface LocalPlatformOptions {
  /** Admin URL of the local program. */
  url: string;
  service: string;
  /** Program and arguments of one instance; empty: what the service was created with. */
  command: string[];
  cwd: string | null;
  env: Record<string, string>;
}

/**
 * Instances on this machine, run by the local program. A service that it does not have is created by `deploy` when
 * there is a command; otherwise everything throws CUTOVER_SERVICE_UNKNOWN. CUTOVER_PLATFORM_UNREACHABLE when the
 * program does not answer.
 */
export function createLocalPlatform({ url, service, command, cwd, env }: LocalPlatformOptions): Platform {
  const client = new LocalClient({ url });

  async function inspect(colour: Colour, signal: AbortSignal): Promise<ColourState> {
    try {
      const view = await client.service(service, signal);
      return toColourState(view.colours[colour]);
    } catch (error) {
      if (command.length === 0 || !isUnknown(error)) throw error;
      return { colour, version: null, desired: 0, ready: 0, instances: [] };
    }
  }

  /** Null: the program does not have the service. */
  function known(signal: AbortSignal): Promise<ServiceView | null> {
    return client.service(service, signal).catch((error) => {
      if (isUnknown(error)) return null;
      throw error;
    });
  }

  /** The plan's command becomes the service's; what the plan does not say (port, health path) stays as it is. */
  async function define(signal: AbortSignal): Promise<void> {
    if (command.length === 0) return;
    const current = await known(signal);
    const wanted = { ...current?.definition, command, cwd, env };
    if (current !== null && isSame(current.definition, wanted)) return;
    await client.define(service, wanted, signal);
  }

  async function scale(colour: Colour, replicas: number, signal: AbortSignal): Promise<void> {
    const { version } = await inspect(colour, signal);
    if (version !== null) {
      await client.deploy(service, colour, { version, replicas }, signal);
      return;
    }
    if (replicas > 0) {
      throw new CutoverError('CUTOVER_CAPACITY_SHORT', `nothing was ever deployed to ${colour} of ${service}`);
    }
  }

  return {
    inspect,
    async compare(active, signal) {
      const current = await known(signal);
      const running = current?.colours[active].launch ?? null;
      if (current === null || running === null) return null;
      const next = command.length === 0 ? current.definition : { ...current.definition, command, cwd, env };
      return differencesBetween(running, next);
    },
    async deploy(colour, version, size, signal) {
      await define(signal);
      await client.deploy(service, colour, { version, replicas: size, refresh: true }, signal);
    },
    scale,
    remove: (colour, signal) => scale(colour, 0, signal),
  };
}

/** Instances that wait for their next start have no address yet. */
function toColourState({ colour, version, desired, ready, instances }: ColourState): ColourState {
  const plain = instances.map(({ id, url, ready, reason }) => ({ id, url, ready, reason }));
  return { colour, version, desired, ready, instances: plain };
}

function isUnknown(error: unknown): boolean {
  return error instanceof CutoverError && error.code === 'CUTOVER_SERVICE_UNKNOWN';
}

interface Definition {
  command: string[];
  cwd: string | null;
  env: Record<string, string>;
}

function isSame(one: Definition, other: Definition): boolean {
  const parts = ({ command, cwd, env }: Definition) => JSON.stringify([command, cwd, Object.entries(env).sort()]);
  return parts(one) === parts(other);
}
