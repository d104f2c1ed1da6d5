/** AMIs that are named after versions of the service. */

import { everyPage } from '../../../adapters/aws/paging.ts';
import { awsService } from '../../../adapters/aws/service.ts';
import { CutoverError } from '../../../errors.ts';
import { type Keeping, type Leftover, leftOf } from './leftover.ts';

/** The account's own alone, whose names fit `pattern` (`checkout-$version`). `used`: IDs that launch templates name. */
export async function leftImages(
  region: string | null,
  pattern: string,
  used: ReadonlySet<string>,
  keeping: Keeping,
  signal: AbortSignal,
): Promise<Leftover[]> {
  const ec2 = awsService('ec2', region);
  const filter = { Name: 'name', Values: [pattern.replaceAll('$version', '*')] };
  const images = await everyPage(async (NextToken) => {
    const page = await ec2.read('DescribeImages', '*', signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeImagesCommand({ Owners: ['self'], Filters: [filter], NextToken }), options),
    );
    return { items: page.Images ?? [], next: page.NextToken };
  });
  const made = images
    .flatMap(({ ImageId: id, Name: name = '', CreationDate: createdAt = '', BlockDeviceMappings: disks = [] }) => {
      const version = versionIn(name, pattern);
      if (id === undefined || version === null) return [];
      const snapshots = disks.flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
      return [{ id, version, createdAt, snapshots, isUsed: used.has(id) }];
    })
    .sort((one, other) => other.createdAt.localeCompare(one.createdAt));
  return leftOf(made, keeping).map(({ id, version, snapshots }) => ({ kind: 'image', id, version, snapshots }));
}

/** Null: `name` is of something else. */
export function versionIn(name: string, pattern: string): string | null {
  const [before = ''] = pattern.split('$version');
  // A pattern may have it more than once; all are as long as the first.
  const count = pattern.split('$version').length - 1;
  const length = (name.length - (pattern.length - count * '$version'.length)) / count;
  const version = name.slice(before.length, before.length + length);
  return length > 0 && pattern.replaceAll('$version', () => version) === name ? version : null;
}

export async function removeImage(region: string | null, id: string, signal: AbortSignal): Promise<void> {
  const ec2 = awsService('ec2', region);
  try {
    await ec2.write('DeregisterImage', `arn:aws:ec2:*::image/${id}`, signal, ({ sdk, client }, options) =>
      client.send(new sdk.DeregisterImageCommand({ ImageId: id }), options),
    );
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

export async function removeSnapshot(region: string | null, id: string, signal: AbortSignal): Promise<void> {
  const ec2 = awsService('ec2', region);
  try {
    await ec2.write('DeleteSnapshot', `arn:aws:ec2:*::snapshot/${id}`, signal, ({ sdk, client }, options) =>
      client.send(new sdk.DeleteSnapshotCommand({ SnapshotId: id }), options),
    );
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** By an attempt whose answer was lost, or by somebody else. */
function isGone(error: unknown): boolean {
  if (!(error instanceof CutoverError)) return false;
  return /^Invalid(AMIID|Snapshot)\.(NotFound|Unavailable)$/.test(String(error.details.error));
}
