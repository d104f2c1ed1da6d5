/** From what a plan says to what the router needs. */
import { DEFAULT_DNS_TTL_MS } from '../../../plan/adapters.ts';
import { parseDuration } from '../../../plan/duration.ts';
import type { Route53Settings } from '../../../plan/schema/route53.ts';
import type { Route53Options } from '../route53.ts';

export function route53OptionsOf(settings: Route53Settings): Route53Options {
  const { zone = '', record = '', type, ttl } = settings;
  const identifiers = settings.set_identifiers ?? { blue: 'blue', green: 'green' };
  return {
    region: settings.region ?? null,
    records: (settings.records ?? [{ zone, record, type }]).map((one) => ({ ...one, type: one.type ?? null })),
    identifiers: { blue: [identifiers.blue].flat(), green: [identifiers.green].flat() },
    ttlMs: (ttl === undefined ? null : parseDuration(ttl)) ?? DEFAULT_DNS_TTL_MS,
    nameServers: settings.name_servers ?? null,
  };
}
