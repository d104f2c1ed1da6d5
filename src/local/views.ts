/** What the admin API tells. */
import type { Colour } from '../plan/types.ts';
import type { ColourView, InstanceView, Launch } from './api.ts';
import type { Instance } from './instance.ts';
import type { Deployed } from './schemas.ts';
import type { WaitingSlot } from './supervisor.ts';

export function viewColour(
  colour: Colour,
  deployed: Deployed | null,
  running: readonly Instance[],
  waiting: WaitingSlot[],
): ColourView {
  const current = running.filter(
    ({ record, phase }) => phase === 'ready' && record.generation === deployed?.generation,
  );
  return {
    colour,
    version: deployed?.version ?? null,
    desired: deployed?.replicas ?? 0,
    ready: current.length,
    instances: [...running.map(viewInstance), ...waiting.map((slot) => viewWaiting(slot, deployed?.version ?? ''))],
    launch: deployed === null ? null : launchOf(deployed),
  };
}

function launchOf({ command, cwd, env, health_path }: Deployed): Launch {
  return { command, cwd, env, health_path };
}

function viewInstance({ record, phase, reason, inFlight }: Instance): InstanceView {
  return {
    id: record.id,
    url: `http://127.0.0.1:${record.port}`,
    ready: phase === 'ready',
    reason: phase === 'ready' ? null : (reason ?? phase),
    version: record.version,
    pid: record.pid,
    phase: phase === 'gone' ? 'draining' : phase,
    in_flight: inFlight,
  };
}

function viewWaiting({ id, reason, startsAtMs }: WaitingSlot, version: string): InstanceView {
  const inMs = Math.max(0, startsAtMs - Date.now());
  const next = `${reason}; next start in ${inMs} ms`;
  return { id, url: null, ready: false, reason: next, version, pid: null, phase: 'waiting', in_flight: 0 };
}

/** A listening address as a client on this machine writes it. */
export function hostInUrl(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
