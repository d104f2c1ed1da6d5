/**
 * Between the tests and moto, what the Route 53 API is strict about and moto is not: batches are made one after the other and
 * whole or not at all, a record set is deleted only by exactly what it is, and lists have pages. moto keeps the zones and knows
 * everything else.
 */
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { type ProxiedAnswer, type ProxiedCall, startInterceptingProxy } from '../intercepting-proxy.ts';
import { forward } from './fault-proxy.ts';
import { inListOrder, keyOf, plainName, sameSet, setIn, xmlOf } from './route53-sets.ts';
import { childOf, escaped, parseXml, textIn } from './xml.ts';

export interface Route53Rules {
  url: string;
  /** What a zone holds after the last whole batch. */
  zone(id: string): readonly ResourceRecordSet[];
  /** Called after each whole batch, with the zone. */
  onChange(listener: (zone: string) => void): void;
  stop(): Promise<void>;
}

const CREDENTIALS = { accessKeyId: 'AKIDRULES', secretAccessKey: 'rules' };
const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';
const RRSET = /\/hostedzone\/([^/]+)\/rrset\/?(?:\?(.*))?$/;
const DEFAULT_PAGE = 300;
/** moto gives as many at once as it is asked for. */
const MOTO_PAGE = 10_000;
let changes = 0;

export async function startRoute53Rules(moto: string): Promise<Route53Rules> {
  const client = new Route53Client({ region: 'us-east-1', endpoint: moto, credentials: CREDENTIALS });
  const zones = new Map<string, ResourceRecordSet[]>();
  const listeners: ((zone: string) => void)[] = [];
  let queue: Promise<unknown> = Promise.resolve();

  /** From moto once, then kept: every batch passes here. */
  async function held(zone: string): Promise<ResourceRecordSet[]> {
    const known = zones.get(zone);
    if (known !== undefined) return known;
    const asked = new ListResourceRecordSetsCommand({ HostedZoneId: zone, MaxItems: MOTO_PAGE });
    const { ResourceRecordSets: sets = [] } = await client.send(asked);
    zones.set(zone, [...sets].sort(inListOrder));
    return held(zone);
  }

  async function change(zone: string, body: string): Promise<ProxiedAnswer> {
    const before = await held(zone);
    const batch = childOf(childOf(parseXml(body), 'ChangeBatch'), 'Changes')?.children ?? [];
    const asked = batch.map(
      (one): Change => ({
        Action: textIn(one, 'Action') as 'CREATE',
        ResourceRecordSet: setIn(childOf(one, 'ResourceRecordSet')),
      }),
    );
    const { after, refusals } = applied(before, asked);
    if (refusals.length > 0) return invalid(refusals);
    await toMoto(zone, before, after);
    zones.set(zone, after.sort(inListOrder));
    for (const listener of listeners) listener(zone);
    changes += 1;
    const info = `<Id>/change/C${changes}</Id><Status>PENDING</Status><SubmittedAt>${new Date().toISOString()}</SubmittedAt>`;
    return answer(
      200,
      `<ChangeResourceRecordSetsResponse xmlns="${NAMESPACE}"><ChangeInfo>${info}</ChangeInfo></ChangeResourceRecordSetsResponse>`,
    );
  }

  /** moto deletes every set of an identifier, whatever its name: an UPSERT is the change that it makes as meant. */
  async function toMoto(zone: string, before: readonly ResourceRecordSet[], after: readonly ResourceRecordSet[]) {
    const kept = new Set(after.map(keyOf));
    const gone = before.filter((set) => !kept.has(keyOf(set)));
    const send = (list: Change[]) =>
      client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes: list } }));
    if (gone.length > 0) await send(gone.map((set) => ({ Action: 'DELETE', ResourceRecordSet: set })));
    const upserts = after.filter(({ Type }) => Type !== 'NS' && Type !== 'SOA');
    if (upserts.length > 0) await send(upserts.map((set) => ({ Action: 'UPSERT', ResourceRecordSet: set })));
  }

  async function list(zone: string, query: string): Promise<ProxiedAnswer> {
    const sets = await held(zone);
    const asked = new URLSearchParams(query);
    const size = Number(asked.get('maxitems') ?? DEFAULT_PAGE);
    const name = asked.get('name');
    const start = {
      Name: name ?? '',
      Type: (asked.get('type') ?? '') as 'A',
      SetIdentifier: asked.get('identifier') ?? '',
    };
    const rest = name === null ? sets : sets.filter((set) => inListOrder(set, start) >= 0);
    const page = rest.slice(0, size);
    const next = rest[size];
    const more =
      next === undefined
        ? '<IsTruncated>false</IsTruncated>'
        : `<IsTruncated>true</IsTruncated><NextRecordName>${escaped(next.Name ?? '')}</NextRecordName><NextRecordType>${next.Type}</NextRecordType>` +
          (next.SetIdentifier === undefined
            ? ''
            : `<NextRecordIdentifier>${escaped(next.SetIdentifier)}</NextRecordIdentifier>`);
    const body = `<ResourceRecordSets>${page.map(xmlOf).join('')}</ResourceRecordSets>${more}<MaxItems>${size}</MaxItems>`;
    return answer(200, `<ListResourceRecordSetsResponse xmlns="${NAMESPACE}">${body}</ListResourceRecordSetsResponse>`);
  }

  const proxy = await startInterceptingProxy<ProxiedCall>({
    describe: (call) => call,
    async send(call, headers) {
      const [, zone, query = ''] = RRSET.exec(call.path) ?? [];
      if (zone === undefined) return forward(moto, call, headers);
      if (call.method === 'GET') {
        const isThere = await forward(moto, call, headers);
        return isThere.status === 200 ? list(zone, query) : isThere;
      }
      const made = queue.then(() => change(zone, call.body));
      queue = made.catch(() => undefined);
      return made;
    },
  });
  return {
    url: proxy.url,
    zone: (id) => zones.get(id) ?? [],
    onChange: (listener) => void listeners.push(listener),
    async stop() {
      client.destroy();
      await proxy.stop();
    },
  };
}

function applied(before: readonly ResourceRecordSet[], batch: readonly Change[]) {
  const refusals: string[] = [];
  let after = [...before];
  for (const { Action, ResourceRecordSet: set } of batch) {
    if (set === undefined) continue;
    const known = after.find((one) => keyOf(one) === keyOf(set));
    if (Action === 'DELETE') {
      if (known === undefined) refusals.push(`Tried to delete resource record set ${worded(set)} but it was not found`);
      else if (!sameSet(known, set)) {
        refusals.push(
          `Tried to delete resource record set ${worded(set)} but the values provided do not match the current values`,
        );
      }
    }
    if (Action === 'CREATE' && known !== undefined) {
      refusals.push(`Tried to create resource record set ${worded(set)} but it already exists`);
    }
    after = after.filter((one) => one !== known);
    if (Action !== 'DELETE') after.push(set);
  }
  return { after, refusals: [...refusals, ...after.flatMap((set) => wrongIn(set, after))] };
}

/** Rules of a group of weighted record sets. */
function wrongIn(set: ResourceRecordSet, all: readonly ResourceRecordSet[]): string[] {
  const { Name = '', Type, Weight, TTL, AliasTarget } = set;
  const group = all.filter((one) => plainName(one.Name ?? '') === plainName(Name) && one.Type === Type);
  const wrong: string[] = [];
  if (Weight !== undefined && (!Number.isInteger(Weight) || Weight < 0 || Weight > 255)) {
    wrong.push(`Invalid request: weight ${Weight} of ${worded(set)} is not from 0 to 255`);
  }
  if (group.some((one) => (one.Weight === undefined) !== (Weight === undefined))) {
    wrong.push(
      `RRSet with DNS name ${Name}, type ${Type} cannot be created as other RRSets exist with the same name and type`,
    );
  }
  if (AliasTarget === undefined && group.some((one) => one.AliasTarget === undefined && one.TTL !== TTL)) {
    const named = `RRSet with DNS name ${Name}, type ${Type}, SetIdentifier ${set.SetIdentifier}`;
    wrong.push(`${named} cannot be created as weighted sets must contain the same TTL.`);
  }
  return wrong;
}

function worded({ Name = '', Type, SetIdentifier }: ResourceRecordSet): string {
  const identifier = SetIdentifier === undefined ? '' : `, set-identifier='${SetIdentifier}'`;
  return `[name='${plainName(Name)}', type='${Type}'${identifier}]`;
}

function invalid(refusals: string[]): ProxiedAnswer {
  const error = `<Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>[${escaped(refusals.join(', '))}]</Message>`;
  return answer(
    400,
    `<ErrorResponse xmlns="${NAMESPACE}"><Error>${error}</Error><RequestId>0</RequestId></ErrorResponse>`,
  );
}

function answer(status: number, body: string): ProxiedAnswer {
  return { status, headers: { 'content-type': 'text/xml' }, body: `<?xml version="1.0"?>${body}` };
}
