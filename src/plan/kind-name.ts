/** Names of Kubernetes' kinds, such as `argoproj.io/v1alpha1/Rollout`. */

export interface KindName {
  group: string;
  version: string;
  kind: string;
}

const GROUP = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';
const VERSION = 'v[a-z0-9]{1,62}';
const KIND = '[A-Z][A-Za-z0-9]{0,62}';
const KIND_NAME = new RegExp(`^(${GROUP})/(${VERSION})/(${KIND})$`);

/** What a plan may name as its workloads' kind. */
export const WORKLOAD_KIND = new RegExp(`^(Deployment|StatefulSet|${GROUP}/${VERSION}/${KIND})$`);

/** Null: it is no such name. */
export function parseKindName(text: string): KindName | null {
  const [, group, version, kind] = KIND_NAME.exec(text) ?? [];
  return group === undefined || version === undefined || kind === undefined ? null : { group, version, kind };
}
