/** The zone's name servers asked directly: what they say is what resolvers will hear. */
import { Resolver, resolve4 } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Group, valuesOf } from './record-sets.ts';
import { fenceTextOf, type ZoneState } from './zone-state.ts';

/** Behind one address are many machines, which answer in turn. */
const PROBES = 3;
const ANSWER_MS = 800;
const DNS_PORT = 53;
/** Of a name server there is no such record: an answer as good as any. */
const NOTHING = new Set(['ENODATA', 'ENOTFOUND']);

type Type = 'A' | 'AAAA' | 'CNAME' | 'TXT';

export interface NameServer {
  /** For people. */
  name: string;
  /** `192.0.2.1:53`; null: its address is not known. */
  address: string | null;
}

/** Their addresses, as the system's resolver knows them. */
export function addressesOf(names: readonly string[], port = DNS_PORT): Promise<NameServer[]> {
  return Promise.all(
    names.map(async (name) => {
      const [ip] = isIP(name) === 0 ? await resolve4(name).catch(() => []) : [name];
      return { name, address: ip === undefined ? null : `${ip}:${port}` };
    }),
  );
}

/**
 * What each server that has not followed still says; empty: all have. The TXT record of the same batch shows that a server has
 * it, whatever the shares; at 0 % no answer may be the colour's own. (An alias is answered by its target: there it is the TXT
 * record alone.)
 */
export async function serversBehind(
  zone: ZoneState,
  servers: readonly NameServer[],
  signal: AbortSignal,
): Promise<string[]> {
  const told = await Promise.all(servers.map((server) => whyBehind(zone, server, signal)));
  signal.throwIfAborted();
  return told.filter((why) => why !== null);
}

async function whyBehind(zone: ZoneState, { name, address }: NameServer, signal: AbortSignal): Promise<string | null> {
  if (address === null) return `the address of ${name} is not known`;
  const probes = Array.from({ length: PROBES }, () => [
    probeFence(zone, address, signal),
    ...zone.groups.map((group) => probeGroup(group, address, signal)),
  ]);
  const told = await Promise.all(probes.flat());
  const why = told.find((one) => one !== null);
  return why === undefined || why === null ? null : `${name} ${why}`;
}

async function probeFence(zone: ZoneState, address: string, signal: AbortSignal): Promise<string | null> {
  const answer = await ask(address, zone.plan.fenceName, 'TXT', signal);
  if (answer === null) return 'does not answer';
  return answer.includes(fenceTextOf(zone.fenceSet) ?? '') ? null : 'still answers what stood before';
}

async function probeGroup(group: Group, address: string, signal: AbortSignal): Promise<string | null> {
  const forbidden = forbiddenIn(group);
  if (forbidden === null) return null;
  const answer = await ask(address, group.name, group.type, signal);
  if (answer === null) return 'does not answer';
  if (answer.length === 0) return `has no ${group.key}`;
  const wrong = answer.find((value) => forbidden.values.has(comparable(value)));
  return wrong === undefined ? null : `answers ${group.key} with ${wrong}, which is ${forbidden.colour}'s`;
}

/** The values that are only a colour's own, of one that weighs nothing; null: an answer tells nothing. */
function forbiddenIn(group: Group) {
  const blue = valuesOf(group, 'blue');
  const green = valuesOf(group, 'green');
  if (blue === null || green === null) return null;
  const own = { blue, green };
  for (const colour of ['blue', 'green'] as const) {
    if (group.sets[colour].some(({ Weight = 0 }) => Weight > 0)) continue;
    const others = new Set(own[colour === 'blue' ? 'green' : 'blue'].map(comparable));
    return { colour, values: new Set(own[colour].map(comparable).filter((value) => !others.has(value))) };
  }
  return { colour: 'nobody', values: new Set<string>() };
}

/** IPv6 addresses and names have more than one spelling. */
function comparable(value: string): string {
  if (isIP(value) === 6) return new URL(`http://[${value}]`).hostname;
  return value.toLowerCase().replace(/\.$/, '');
}

/** A resolver of its own for each question: an answer that was kept is none. Null: there was no answer. */
async function ask(address: string, name: string, type: Type, signal: AbortSignal): Promise<string[] | null> {
  const resolver = new Resolver({ timeout: ANSWER_MS, tries: 1 });
  resolver.setServers([address]);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await answerOf(resolver, name.replace(/\.$/, ''), type);
  } catch (error) {
    return NOTHING.has((error as NodeJS.ErrnoException).code ?? '') ? [] : null;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function answerOf(resolver: Resolver, name: string, type: Type): Promise<string[]> {
  switch (type) {
    case 'A':
      return resolver.resolve4(name);
    case 'AAAA':
      return resolver.resolve6(name);
    case 'CNAME':
      return resolver.resolveCname(name);
    case 'TXT':
      return (await resolver.resolveTxt(name)).map((strings) => strings.join(''));
  }
}
