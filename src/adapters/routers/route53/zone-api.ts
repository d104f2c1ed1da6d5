/** What is asked of the Route 53 API, about one hosted zone. */
import type { Change, ResourceRecordSet } from '@aws-sdk/client-route-53';
import { CutoverError } from '../../../errors.ts';
import { type AwsService, awsService } from '../../aws/service.ts';
import { plainName } from './record-sets.ts';

/** `read` is retried under the account's rate limit, `write` asked once and at once: what a write rests on. */
export type Lane = 'read' | 'write';

export interface Route53Api {
  /** Every record set of these names, which are plain ones. */
  sets(zone: string, names: readonly string[], lane: Lane, signal: AbortSignal): Promise<ResourceRecordSet[]>;
  /** All or nothing. The ID of the change; null: refused, since what it deletes or creates is not as it expects. */
  change(zone: string, changes: Change[], comment: string, signal: AbortSignal): Promise<string | null>;
  /** Whether every name server of Route 53 has it; null: Route 53 knows no such change any more. */
  isInSync(changeId: string, signal: AbortSignal): Promise<boolean | null>;
  /** The names of the zone's name servers; a private zone has none. */
  nameServers(zone: string, signal: AbortSignal): Promise<string[]>;
  health: Pick<AwsService<'route53'>, 'write'>;
}

/** IAM and endpoints of Route 53 are global to a partition. */
const DEFAULT_REGION = 'us-east-1';
/** A page holds the names asked for and their neighbours, the fence's among them. */
const PAGE = 100;
/** How the API words that a record set is not, or is no longer, what the batch says. */
const LOST_RACE = /values provided do not match the current values|but it was not found|but it already exists/;

export function createRoute53Api(region: string | null): Route53Api {
  const aws = awsService('route53', region ?? DEFAULT_REGION);
  const zoneArn = (zone: string) => `arn:aws:route53:::hostedzone/${zone}`;

  return {
    health: aws,

    async sets(zone, names, lane, signal) {
      const found = new Map<string, ResourceRecordSet>();
      const known = new Set<string>();
      for (const name of inOrder(names)) {
        let next: Start | null = known.has(name) ? null : { StartRecordName: name };
        while (next !== null) {
          const start = next;
          const page = await aws[lane]('ListResourceRecordSets', zoneArn(zone), signal, ({ sdk, client }, options) =>
            client.send(
              new sdk.ListResourceRecordSetsCommand({ HostedZoneId: zone, MaxItems: PAGE, ...start }),
              options,
            ),
          );
          const sets = page.ResourceRecordSets ?? [];
          for (const set of sets) found.set(keyOf(set), set);
          const after = page.IsTruncated === true ? nextOf(page) : null;
          const unfinished = after === null ? null : plainName(after.StartRecordName);
          // Whatever lies under a name follows it: what the last page has not is not there.
          const under = after === null ? names.filter((other) => other.endsWith(`.${name}`)) : [];
          for (const seen of [name, ...under, ...sets.map(({ Name = '' }) => plainName(Name))]) known.add(seen);
          if (unfinished !== null) known.delete(unfinished);
          next = unfinished === name ? after : null;
        }
      }
      return [...found.values()].filter(({ Name = '' }) => names.includes(plainName(Name)));
    },

    async change(zone, changes, comment, signal) {
      try {
        const { ChangeInfo } = await aws.write(
          'ChangeResourceRecordSets',
          zoneArn(zone),
          signal,
          ({ sdk, client }, options) =>
            client.send(
              new sdk.ChangeResourceRecordSetsCommand({
                HostedZoneId: zone,
                ChangeBatch: { Comment: comment, Changes: changes },
              }),
              options,
            ),
        );
        return ChangeInfo?.Id ?? '';
      } catch (error) {
        if (isLostRace(error)) return null;
        throw error;
      }
    },

    async isInSync(changeId, signal) {
      const arn = `arn:aws:route53:::change/${changeId.slice(changeId.lastIndexOf('/') + 1)}`;
      try {
        const { ChangeInfo } = await aws.read('GetChange', arn, signal, ({ sdk, client }, options) =>
          client.send(new sdk.GetChangeCommand({ Id: changeId }), options),
        );
        return ChangeInfo?.Status === 'INSYNC';
      } catch (error) {
        if (error instanceof CutoverError && error.code === 'CUTOVER_AWS_NOT_FOUND') return null;
        throw error;
      }
    },

    async nameServers(zone, signal) {
      const { DelegationSet } = await aws.read('GetHostedZone', zoneArn(zone), signal, ({ sdk, client }, options) =>
        client.send(new sdk.GetHostedZoneCommand({ Id: zone }), options),
      );
      return DelegationSet?.NameServers ?? [];
    },
  };
}

type Start = {
  StartRecordName: string;
  StartRecordType?: ResourceRecordSet['Type'];
  StartRecordIdentifier?: string;
};

function nextOf(page: {
  NextRecordName?: string | undefined;
  NextRecordType?: ResourceRecordSet['Type'];
  NextRecordIdentifier?: string | undefined;
}): Start | null {
  const { NextRecordName: name, NextRecordType: type, NextRecordIdentifier: identifier } = page;
  if (name === undefined) return null;
  return {
    StartRecordName: name,
    ...(type === undefined ? {} : { StartRecordType: type }),
    ...(identifier === undefined ? {} : { StartRecordIdentifier: identifier }),
  };
}

/** About as a zone is listed, by labels from the last to the first: one page mostly has them all. */
function inOrder(names: readonly string[]): string[] {
  const reversed = (name: string) => name.split('.').reverse().join('.');
  return [...names].sort((a, b) => (reversed(a) < reversed(b) ? -1 : 1));
}

function keyOf({ Name = '', Type, SetIdentifier = '' }: ResourceRecordSet): string {
  return [plainName(Name), Type, SetIdentifier].join(' ');
}

/** InvalidChangeBatch comes in two forms: an error with a message, and a list of messages that the SDK has no name for. */
function isLostRace(error: unknown): boolean {
  if (!(error instanceof CutoverError) || error.code !== 'CUTOVER_AWS_REFUSED') return false;
  return LOST_RACE.test(error.message);
}
