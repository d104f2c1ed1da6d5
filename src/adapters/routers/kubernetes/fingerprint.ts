/** Whether somebody else has written to what decides traffic in a Kubernetes object. */
import type { KubernetesObject, V1ManagedFieldsEntry } from '@kubernetes/client-node';
import type { Weights } from '../../../plan/types.ts';
import { FIELD_MANAGER } from '../../kubernetes/api.ts';

/** The path of the fields in `metadata.managedFields`; null: the object is patched, and counts its generations. */
type Owned = readonly string[] | null;

/**
 * What decides traffic, such that a write by anybody else changes it, also one back to the same weights, and a write elsewhere
 * in the object does not. An object that is patched counts its generations. One that is applied has none: there Cutover owns
 * the fields from its claim on, and loses them to whoever changes them; then, and before the claim, the other owners' times
 * count. (They are whole seconds: two writes of one manager within one, back to the same weights, look like none.)
 */
export function fingerprintOf(owned: Owned, object: KubernetesObject, weights: Weights): string {
  const { generation = 0, managedFields = [] } = object.metadata ?? {};
  if (owned === null) return fingerprint(weights, [`generation ${generation}`]);
  const owners = managedFields.filter((entry) => owns(entry, owned));
  if (owners.some(({ manager }) => manager === FIELD_MANAGER)) return fingerprint(weights, []);
  const others = owners.map(({ manager, operation, time }) => `${manager} ${operation} ${time}`);
  return fingerprint(weights, others.sort());
}

/** What `fingerprintOf` will say of the object once it is written. */
export function fingerprintAfter(owned: Owned, object: KubernetesObject, weights: Weights, changes: boolean): string {
  const generation = (object.metadata?.generation ?? 0) + (changes ? 1 : 0);
  return fingerprint(weights, owned === null ? [`generation ${generation}`] : []);
}

function fingerprint({ blue, green }: Weights, more: readonly string[]): string {
  return [`${blue}/${green}`, ...more].join(', ');
}

function owns({ fieldsV1 }: V1ManagedFieldsEntry, fields: readonly string[]): boolean {
  let node: unknown = fieldsV1;
  for (const field of fields) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, field)) return false;
    node = (node as Record<string, unknown>)[field];
  }
  return true;
}
