/** The Roles of deploy/kubernetes/target, rule by rule. */
import { parseAllDocuments } from 'yaml';
import type { KubernetesRequest } from '../../../src/direct/kubernetes/requests.ts';
import type { ControlPlane } from './control-plane.ts';
import { kubectl, manifests } from './kubectl.ts';

/** One verb of one resource, as an error's details name it. */
export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

export function objectsIn<T>(text: string): T[] {
  return parseAllDocuments(text).map((document) => document.toJS() as T);
}

/** Every verb of every resource by itself. */
export async function rulesOf(plane: ControlPlane, target: string): Promise<Rule[]> {
  const { stdout } = await kubectl(plane, ['kustomize', manifests(`target/${target}`)]);
  const [role] = objectsIn<{ kind: string; rules: Rule[] }>(stdout).filter(({ kind }) => kind === 'Role');
  return (role?.rules ?? []).flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => ({ apiGroups: [group], resources: [resource], verbs: [verb] })),
      ),
    ),
  );
}

export function ruleOf({ group, resource, verb }: KubernetesRequest): Rule {
  return { apiGroups: [group], resources: [resource], verbs: [verb] };
}

/** `patch services`, `list discovery.k8s.io/endpointslices`. */
export function named({ apiGroups: [group], resources: [resource], verbs: [verb] }: Rule): string {
  return `${verb} ${group === '' ? '' : `${group}/`}${resource}`;
}
