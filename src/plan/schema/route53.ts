/** What a plan says of Route 53. */
import { z } from 'zod';
import { DEFAULT_DNS_TTL_MS } from '../adapters.ts';
import { formatDuration, parseDuration } from '../duration.ts';
import { durationText, MAX_LIST, text } from './base.ts';

const SECOND_MS = 1_000;
const MAX_ZONES = 20;
const MAX_NAME_SERVERS = 20;
const TTL_EXPECTED = 'a duration of whole seconds, such as 60s';
const ADDRESS_EXPECTED = 'an IP address with a port, such as 192.0.2.53:53 or [2001:db8::53]:53';
const PLACE_EXPECTED = '`zone` and `record`, or `records` instead of both';
const IDENTIFIERS_EXPECTED = 'identifiers of weighted records, each of one colour only';

const zone = text('the ID of a hosted zone', 32);
const record = text('the name of a record', 255);
const type = z.enum(['A', 'AAAA', 'CNAME'], 'A, AAAA or CNAME').optional().meta({
  description: 'Type of the records.',
  otherwise: 'each of A, AAAA and CNAME that the name has',
});
const identifier = text('the identifier of a weighted record', 128);
const identifiersOf = (colour: string) =>
  z
    .union(
      [identifier, z.array(identifier).min(1).max(MAX_LIST)],
      'an identifier of a weighted record, or a list of them',
    )
    .meta({ description: `Of ${colour}: one, or a list where the colour has several records of a name.` });

const identifiers = z
  .strictObject({ blue: identifiersOf('blue'), green: identifiersOf('green') })
  .refine(({ blue, green }) => ![blue].flat().some((one) => [green].flat().includes(one)), IDENTIFIERS_EXPECTED);

const inRecords = z.strictObject({
  zone: zone.meta({ description: 'ID of the hosted zone.' }),
  record: record.meta({ description: 'Name of the weighted records.' }),
  type,
});

export const route53Settings = z
  .strictObject({
    region: text('a region').optional().meta({
      description: 'Any region of the partition: Route 53 itself has none.',
      default: 'us-east-1',
    }),
    zone: zone.optional().meta({ description: 'ID of the hosted zone.', otherwise: '`records` says' }),
    record: record.optional().meta({ description: 'Name of the weighted records.', otherwise: '`records` says' }),
    type,
    records: z.array(inRecords, 'a list of records').min(1).max(MAX_ZONES).optional().meta({
      description:
        'Several names, types or zones, which always share traffic alike. The zone of the first holds the fence that counts.',
      otherwise: '`zone`, `record` and `type`',
    }),
    ttl: durationText
      .refine((value) => (parseDuration(value) ?? 0) % SECOND_MS === 0, TTL_EXPECTED)
      .optional()
      .meta({
        description:
          'Time to live that a deployment lowers longer ones to, until it has ended: no shift converges sooner, so `switch.deadline` is no shorter.',
        default: formatDuration(DEFAULT_DNS_TTL_MS),
      }),
    set_identifiers: identifiers.optional().meta({
      description: "Set identifiers of the two colours' records.",
      otherwise: '`blue` and `green`',
    }),
    name_servers: z
      .array(
        text(ADDRESS_EXPECTED).regex(/^([\d.]+|\[[\da-fA-F:.]+\]):\d{1,5}$/, ADDRESS_EXPECTED),
        'a list of addresses',
      )
      .max(MAX_NAME_SERVERS)
      .optional()
      .meta({
        description: 'Whom to ask whether a change has come through. An empty list: nobody.',
        otherwise: "the zone's own; for a private zone nobody",
        examples: [['192.0.2.53:53']],
      }),
  })
  .refine(
    (settings) =>
      settings.records === undefined
        ? settings.zone !== undefined && settings.record !== undefined
        : settings.zone === undefined && settings.record === undefined && settings.type === undefined,
    PLACE_EXPECTED,
  )
  .meta({ description: 'Weighted records of Amazon Route 53.' });
export type Route53Settings = z.infer<typeof route53Settings>;
