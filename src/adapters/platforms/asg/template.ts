/** The launch template of a group: which version of the service each of its versions is, and a new one for a new version. */
import { createHash } from 'node:crypto';
import type { ResponseLaunchTemplateData } from '@aws-sdk/client-ec2';
import { CutoverError } from '../../../errors.ts';
import { everyPage } from '../../aws/paging.ts';
import { awsService } from '../../aws/service.ts';

export interface TemplateVersion {
  id: string;
  number: string;
  /** Of the service; null: the template names no image. */
  version: string | null;
  data: ResponseLaunchTemplateData;
}

export interface Templates {
  /** `number` may be `$Latest` or `$Default`. CUTOVER_AWS_NOT_FOUND when there is none. */
  find(id: string, number: string, signal: AbortSignal): Promise<TemplateVersion>;
  /** As `source`, with the version's image: one that is there already, else a new one. */
  forVersion(source: TemplateVersion, version: string, signal: AbortSignal): Promise<TemplateVersion>;
}

export interface ImageSettings {
  region: string | null;
  /** Name of the AMI, with `$version` in it; null: versions are AMI IDs. */
  image: string | null;
  /** Whose AMIs are looked at: an account's ID, `self`, or an alias. */
  imageOwner: string;
}

const AMI = /^ami-[0-9a-f]{8,17}$/;
/** Said of every version that Cutover makes, so that the version of the service is known without its AMI's name. */
const DESCRIPTION = /^cutover (\S+)$/;
const TOKEN_LENGTH = 64;
const MAX_KNOWN = 1_000;

/** A version of a template never changes: by its ID and number. */
const known = new Map<string, TemplateVersion>();

export function createTemplates({ region, image, imageOwner }: ImageSettings): Templates {
  const ec2 = awsService('ec2', region);

  async function find(id: string, number: string, signal: AbortSignal): Promise<TemplateVersion> {
    const key = `${region ?? ''} ${id} ${number}`;
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const [found] = await list(id, { Versions: [number] }, signal);
    if (found === undefined) {
      throw new CutoverError('CUTOVER_AWS_NOT_FOUND', `the launch template ${id} has no version ${number}`);
    }
    if (found.number === number) keep(key, found);
    return found;
  }

  async function list(
    id: string,
    which: { Versions?: string[]; MinVersion?: string },
    signal: AbortSignal,
  ): Promise<TemplateVersion[]> {
    return everyPage<TemplateVersion>(async (NextToken) => {
      const page = await ec2.write('DescribeLaunchTemplateVersions', '*', signal, ({ sdk, client }, options) =>
        client.send(
          new sdk.DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, ...which, NextToken }),
          options,
        ),
      );
      const items = (page.LaunchTemplateVersions ?? []).map(
        ({ VersionNumber, VersionDescription, LaunchTemplateData: data = {} }) => {
          const version = DESCRIPTION.exec(VersionDescription ?? '')?.[1] ?? data.ImageId ?? null;
          return { id, number: String(VersionNumber), version, data };
        },
      );
      return { items, next: page.NextToken };
    });
  }

  async function forVersion(source: TemplateVersion, version: string, signal: AbortSignal): Promise<TemplateVersion> {
    const wanted = { ...source.data, ImageId: await imageOf(version, signal) };
    const later = await list(source.id, { MinVersion: source.number }, signal);
    // An attempt whose answer was lost has made it already.
    const made = later.find((one) => one.version === version && contentOf(one.data) === contentOf(wanted));
    if (made !== undefined) return made;
    const token = createHash('sha256')
      .update(`${source.id} ${source.number} ${version} ${wanted.ImageId}`)
      .digest('hex');
    const { LaunchTemplateVersion: created } = await ec2.write(
      'CreateLaunchTemplateVersion',
      `arn:aws:ec2:*:*:launch-template/${source.id}`,
      signal,
      ({ sdk, client }, options) =>
        client.send(
          new sdk.CreateLaunchTemplateVersionCommand({
            LaunchTemplateId: source.id,
            SourceVersion: source.number,
            VersionDescription: `cutover ${version}`,
            LaunchTemplateData: { ImageId: wanted.ImageId },
            ClientToken: token.slice(0, TOKEN_LENGTH),
          }),
          options,
        ),
    );
    return { id: source.id, number: String(created?.VersionNumber), version, data: wanted };
  }

  async function imageOf(version: string, signal: AbortSignal): Promise<string> {
    if (AMI.test(version)) return version;
    if (image === null) {
      throw new CutoverError(
        'CUTOVER_PLAN_VALUE',
        `the version ${version} is no AMI ID (ami-…), and the plan's platform.asg.image does not say how its AMI is named`,
      );
    }
    const name = image.replaceAll('$version', version);
    const { Images: found = [] } = await ec2.write('DescribeImages', '*', signal, ({ sdk, client }, options) =>
      client.send(
        new sdk.DescribeImagesCommand({ Owners: [imageOwner], Filters: [{ Name: 'name', Values: [name] }] }),
        options,
      ),
    );
    const [only] = found;
    if (only?.ImageId === undefined || found.length > 1) {
      const told = found.length > 1 ? `${found.length} AMIs are` : 'no AMI is';
      throw new CutoverError('CUTOVER_AWS_NOT_FOUND', `${told} named ${name} (owner ${imageOwner})`);
    }
    if (only.State !== 'available') {
      throw new CutoverError(
        'CUTOVER_AWS_CONFLICT',
        `the AMI ${only.ImageId} (${name}) is ${only.State}, not available`,
      );
    }
    return only.ImageId;
  }

  return { find, forVersion };
}

function keep(key: string, version: TemplateVersion): void {
  known.set(key, version);
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
}

function contentOf(data: object): string {
  const entries = Object.entries(data).filter(([, value]) => value !== undefined);
  return JSON.stringify(entries.sort(([one], [other]) => one.localeCompare(other)));
}
