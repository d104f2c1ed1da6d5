/** Revisions of task definitions: each is for ever what it was registered as. */
import type { ContainerDefinition, Tag, TaskDefinition } from '@aws-sdk/client-ecs';
import { CutoverError } from '../../../errors.ts';
import type { Lane } from '../../aws/clients.ts';
import type { EcsApi } from './api.ts';

/** With its tags, which belong to what is registered. */
export interface Revision {
  definition: TaskDefinition;
  tags: Tag[];
}

const MAX_KEPT = 500;
const kept = new Map<string, TaskDefinition>();

/** By ARN with its revision. Its status, which may change, is what it was at first. */
export async function readDefinition(
  api: EcsApi,
  arn: string,
  lane: Lane,
  signal: AbortSignal,
): Promise<TaskDefinition> {
  const known = kept.get(arn);
  if (known !== undefined) return known;
  const { definition } = await readRevision(api, arn, lane, signal);
  kept.set(arn, definition);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return definition;
}

/** As it is now. Of a family: its latest active revision. */
export async function readRevision(api: EcsApi, name: string, lane: Lane, signal: AbortSignal): Promise<Revision> {
  const { taskDefinition = {}, tags = [] } = await api.describeTaskDefinition(name, lane, signal);
  return { definition: taskDefinition, tags };
}

/** The container that gets the version; `name` null: the only one. */
export function versionedContainer(definition: TaskDefinition, name: string | null): ContainerDefinition {
  const { family, containerDefinitions = [] } = definition;
  const found = name === null ? containerDefinitions : containerDefinitions.filter((one) => one.name === name);
  const [container] = found;
  if (container !== undefined && found.length === 1) return container;
  const there = containerDefinitions.map((one) => one.name).join(', ');
  const wanted = name === null ? 'one container, or the plan must name one' : `"${name}"`;
  throw new CutoverError(
    'CUTOVER_ROUTER_OBJECT',
    `task definition ${family} has the containers ${there}; it must have ${wanted}`,
  );
}

/** ARN of an active revision that differs from `base` in the image of its container `name` alone; registered unless it is there. */
export async function revisionWith(
  api: EcsApi,
  base: Revision,
  name: string | undefined,
  image: string,
  signal: AbortSignal,
): Promise<string> {
  const { status, family = '', containerDefinitions = [], taskDefinitionArn: own = '' } = base.definition;
  const containers = containerDefinitions.map((one) => (one.name === name ? { ...one, image } : one));
  const wanted = registerable({ ...base, definition: { ...base.definition, containerDefinitions: containers } });
  if (status === 'ACTIVE' && sameContent(wanted, registerable(base))) return own;
  const latest = await latestOf(api, family, signal);
  if (latest !== null && sameContent(wanted, registerable(latest))) return latest.definition.taskDefinitionArn ?? '';
  const { tags, ...rest } = wanted;
  const { taskDefinition } = await api.registerTaskDefinition(
    { family, containerDefinitions: containers, ...rest, ...(tags.length === 0 ? {} : { tags }) },
    signal,
  );
  return taskDefinition?.taskDefinitionArn ?? '';
}

/** What an earlier attempt registered whose answer was lost. Null: every revision of the family was deregistered. */
async function latestOf(api: EcsApi, family: string, signal: AbortSignal): Promise<Revision | null> {
  try {
    const latest = await readRevision(api, family, 'write', signal);
    return latest.definition.status === 'ACTIVE' ? latest : null;
  } catch (error) {
    // ECS answers ClientException for a family without an active revision.
    if (error instanceof CutoverError && error.details.error === 'ClientException') return null;
    throw error;
  }
}

/** Without what ECS says of a revision and takes from nobody; tags of AWS itself are refused from others. */
export function registerable({ definition, tags }: Revision) {
  const {
    taskDefinitionArn: _arn,
    revision: _revision,
    status: _status,
    requiresAttributes: _attributes,
    compatibilities: _compatibilities,
    registeredAt: _registeredAt,
    registeredBy: _registeredBy,
    deregisteredAt: _deregisteredAt,
    deleteRequestedAt: _deleteRequestedAt,
    ...content
  } = definition;
  return { ...content, tags: tags.filter(({ key }) => key?.startsWith('aws:') !== true) };
}

function sameContent(one: object, other: object): boolean {
  return JSON.stringify(canonical(one)) === JSON.stringify(canonical(other));
}

/** ECS keeps neither the order of keys, nor that of lists of objects, nor whether an empty list was there. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map((one) => JSON.stringify(canonical(one)));
    return value.every((one) => typeof one === 'object') ? items.sort() : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, part]) => !isNothing(part));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, canonical(part)]));
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
