/** A hosted zone with the records of a shop, and a name server that serves it. */
import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { createRoute53Router, type Route53Options } from '../../../src/adapters/routers/route53.ts';
import type { Weights } from '../../../src/plan/types.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';
import { type Route53Rules, startRoute53Rules } from './route53-rules.ts';
import { type AwsStage, openAwsStage } from './stage.ts';

export interface Route53Stage extends AwsStage {
  rules: Route53Rules;
  client: Route53Client;
}

export async function openRoute53Stage(): Promise<Route53Stage> {
  let rules: Route53Rules | null = null;
  const stage = await openAwsStage(async (url) => {
    rules = await startRoute53Rules(url);
    return rules;
  });
  const { region, endpoint, credentials } = stage.direct;
  const client = new Route53Client({ region, endpoint, credentials });
  return { ...stage, client, rules: rules as unknown as Route53Rules };
}

export const BLUE_IP = '192.0.2.1';
export const GREEN_IP = '192.0.2.2';
export const TARGET = 'checkout.example.com';

let shops = 0;

/** `blue` at weight 1, `green` at 0. */
export function pairOf(rest: Partial<ResourceRecordSet> = {}): ResourceRecordSet[] {
  const of = (SetIdentifier: string, Weight: number, Value: string): ResourceRecordSet => {
    const set = {
      Name: TARGET,
      Type: 'A' as const,
      TTL: 1,
      SetIdentifier,
      Weight,
      ResourceRecords: [{ Value }],
      ...rest,
    };
    return { ...set, SetIdentifier };
  };
  return [of('blue', 1, BLUE_IP), of('green', 0, GREEN_IP)];
}

export interface Shop {
  zone: string;
  dns: DnsServer;
  options: Route53Options;
  router: ReturnType<typeof createRoute53Router>;
  /** Another one for the same records, with other options. */
  another(rest?: Partial<Route53Options>): ReturnType<typeof createRoute53Router>;
  /** What stands now, of this name and type. */
  sets(name?: string, type?: string): ResourceRecordSet[];
  /** A write by somebody else: over what stands. */
  upsert(sets: ResourceRecordSet[]): Promise<void>;
  foreignWrite(weights: Weights): Promise<void>;
  remove(sets: ResourceRecordSet[]): Promise<void>;
  close(): Promise<void>;
}

export async function openShop(
  { client, rules }: Route53Stage,
  sets: ResourceRecordSet[] = pairOf(),
  rest: Partial<Route53Options> = {},
): Promise<Shop> {
  shops += 1;
  const created = await client.send(
    new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: `shop-${shops}` }),
  );
  const zone = (created.HostedZone?.Id ?? '').replace('/hostedzone/', '');
  await upsertInto(client, zone, sets);
  const dns = await startDnsServer(() => rules.zone(zone));
  const options: Route53Options = {
    region: null,
    records: [{ zone, record: TARGET, type: null }],
    identifiers: { blue: ['blue'], green: ['green'] },
    ttlMs: 60_000,
    nameServers: [dns.address],
    ...rest,
  };
  const now = (name: string, type: string) =>
    rules.zone(zone).filter((set) => set.Name === `${name}.` && set.Type === type);
  return {
    zone,
    dns,
    options,
    router: createRoute53Router(options),
    another: (other = {}) => createRoute53Router({ ...options, ...other }),
    sets: (name = TARGET, type = 'A') => now(name, type),
    upsert: (list) => upsertInto(client, zone, list),
    foreignWrite: (weights) =>
      upsertInto(
        client,
        zone,
        now(TARGET, 'A').map((set) => ({ ...set, Weight: weights[set.SetIdentifier as 'blue'] })),
      ),
    async remove(list) {
      const Changes = list.map((set) => ({ Action: 'DELETE' as const, ResourceRecordSet: set }));
      await client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes } }));
    },
    close: () => dns.stop(),
  };
}

export async function upsertInto(client: Route53Client, zone: string, sets: ResourceRecordSet[]): Promise<void> {
  const Changes = sets.map((set) => ({ Action: 'UPSERT' as const, ResourceRecordSet: set }));
  await client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes } }));
}
