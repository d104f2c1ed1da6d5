/** kubectl as a person would use it, and service accounts to be it as. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../../src/package-root.ts';
import { type ControlPlane, kubeconfigFor } from './control-plane.ts';

const run = promisify(execFile);
const LIMIT_MS = 60_000;

/** A folder of deploy/kubernetes. */
export function manifests(name: string): string {
  return join(packageRoot(), 'deploy', 'kubernetes', name);
}

/** Rejects, with what it said, when it ends with another code than 0. */
export async function kubectl(plane: ControlPlane, args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { command, first } = plane.parts.kubectl;
  return run(command, [...first, ...args], {
    env: { ...process.env, KUBECONFIG: plane.kubeconfig },
    timeout: LIMIT_MS,
  });
}

/** A namespace that admits only what its Pod Security standard "restricted" allows, and warns of the rest. */
export async function restrictedNamespace(plane: ControlPlane, name: string): Promise<void> {
  const level = 'restricted';
  const labels = { 'pod-security.kubernetes.io/enforce': level, 'pod-security.kubernetes.io/warn': level };
  await plane.api('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

export async function tokenOf(plane: ControlPlane, namespace: string, serviceAccount: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
  const { status } = await plane.api<{ status: { token: string } }>('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3_600 },
  });
  return status.token;
}

/** The path of a kubeconfig of that service account. */
export async function kubeconfigOf(plane: ControlPlane, namespace: string, serviceAccount: string): Promise<string> {
  const path = join(plane.folder, `${namespace}-${serviceAccount}.kubeconfig`);
  await writeFile(path, kubeconfigFor(plane.url, await tokenOf(plane, namespace, serviceAccount)));
  return path;
}
