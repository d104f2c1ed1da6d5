/** An account that may do what docs/kubernetes.md asks for, and nothing else. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ControlPlane, kubeconfigFor } from './control-plane.ts';
import { tokenOf } from './kubectl.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const RULES: Rule[] = [
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: ['get', 'list', 'watch', 'patch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['services'], verbs: ['get', 'list', 'watch', 'patch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
  { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list'] },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list'] },
];

/** Its token. `without`: a resource that it may not touch. */
export async function createAccount(plane: ControlPlane, name: string, without?: string): Promise<string> {
  const rules = RULES.map((rule) => ({ ...rule, resources: rule.resources.filter((one) => one !== without) }));
  const rbac = 'rbac.authorization.k8s.io';
  await plane.api('POST', '/api/v1/namespaces/default/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name },
  });
  await plane.api('POST', `/apis/${rbac}/v1/clusterroles`, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name },
    rules: rules.filter(({ resources }) => resources.length > 0),
  });
  await plane.api('POST', `/apis/${rbac}/v1/clusterrolebindings`, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
  });
  return tokenOf(plane, 'default', name);
}

/** The file's path. */
export async function writeKubeconfig(plane: ControlPlane, name: string, url: string, token: string): Promise<string> {
  const path = join(plane.folder, `kubeconfig-${name}`);
  await writeFile(path, kubeconfigFor(url, token));
  return path;
}
