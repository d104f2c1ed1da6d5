/** Record sets as XML, and what makes two of them the same. */
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { childOf, escaped, textIn, type XmlElement } from './xml.ts';

export function setIn(element: XmlElement | undefined): ResourceRecordSet {
  const alias = childOf(element, 'AliasTarget');
  const records = childOf(element, 'ResourceRecords');
  const place = childOf(element, 'GeoLocation');
  const [weight, ttl] = [textIn(element, 'Weight'), textIn(element, 'TTL')];
  const set: Record<string, unknown> = {
    Name: plainName(textIn(element, 'Name') ?? ''),
    Type: textIn(element, 'Type'),
    SetIdentifier: textIn(element, 'SetIdentifier'),
    Weight: weight === undefined ? undefined : Number(weight),
    Region: textIn(element, 'Region'),
    GeoLocation: place && Object.fromEntries(place.children.map(({ name, text }): [string, string] => [name, text])),
    TTL: ttl === undefined ? undefined : Number(ttl),
    ResourceRecords: records?.children.map((one) => ({ Value: textIn(one, 'Value') })),
    AliasTarget: alias && {
      HostedZoneId: textIn(alias, 'HostedZoneId'),
      DNSName: plainName(textIn(alias, 'DNSName') ?? ''),
      EvaluateTargetHealth: textIn(alias, 'EvaluateTargetHealth') === 'true',
    },
    HealthCheckId: textIn(element, 'HealthCheckId'),
  };
  return Object.fromEntries(
    Object.entries(set).filter(([, value]) => value !== undefined),
  ) as unknown as ResourceRecordSet;
}

export function xmlOf(set: ResourceRecordSet): string {
  const values = (set.ResourceRecords ?? []).map(
    (one) => `<ResourceRecord>${element('Value', one.Value)}</ResourceRecord>`,
  );
  const { AliasTarget: alias, GeoLocation: place } = set;
  const aliased =
    element('HostedZoneId', alias?.HostedZoneId) +
    element('DNSName', alias?.DNSName) +
    element('EvaluateTargetHealth', alias?.EvaluateTargetHealth);
  const placed = Object.entries(place ?? {}).map(([name, value]) => element(name, value));
  const parts = [
    element('Name', set.Name?.replaceAll('*', '\\052')),
    element('Type', set.Type),
    element('SetIdentifier', set.SetIdentifier),
    element('Weight', set.Weight),
    element('Region', set.Region),
    placed.length === 0 ? '' : `<GeoLocation>${placed.join('')}</GeoLocation>`,
    element('TTL', set.TTL),
    values.length === 0 ? '' : `<ResourceRecords>${values.join('')}</ResourceRecords>`,
    alias === undefined ? '' : `<AliasTarget>${aliased}</AliasTarget>`,
    element('HealthCheckId', set.HealthCheckId),
  ];
  return `<ResourceRecordSet>${parts.join('')}</ResourceRecordSet>`;
}

function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escaped(String(value))}</${name}>`;
}

export function plainName(name: string): string {
  const plain = name.toLowerCase().replaceAll('\\052', '*');
  return plain.endsWith('.') ? plain : `${plain}.`;
}

export function keyOf({ Name = '', Type, SetIdentifier = '' }: ResourceRecordSet): string {
  return [plainName(Name), Type, SetIdentifier].join(' ');
}

/** Every value, whatever their order. */
export function sameSet(a: ResourceRecordSet, b: ResourceRecordSet): boolean {
  return canonical(a) === canonical(b);
}

function canonical(set: ResourceRecordSet): string {
  const { ResourceRecords: records = [], ...rest } = set;
  const values = records.map(({ Value }) => Value).sort();
  const alias = { ...rest.AliasTarget, DNSName: plainName(rest.AliasTarget?.DNSName ?? '') };
  const fields = { ...rest, Name: plainName(set.Name ?? ''), AliasTarget: alias, values };
  return JSON.stringify(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .sort(([x], [y]) => (x < y ? -1 : 1)),
  );
}

/** As a zone is listed: names by their labels from the last to the first, then types, then identifiers. */
export function inListOrder(a: ResourceRecordSet, b: ResourceRecordSet): number {
  const key = (set: ResourceRecordSet) =>
    [
      plainName(set.Name ?? '')
        .split('.')
        .reverse()
        .join('.'),
      set.Type,
      set.SetIdentifier ?? '',
    ].join(' ');
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
