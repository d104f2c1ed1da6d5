/** What the account in use may do, of what a plan's adapters ask of Kubernetes. */
import type { KubernetesAccess, RefusedRequest } from '../../direct/kubernetes/access.ts';
import type { Plan } from '../../plan/types.ts';
import { reportOf } from '../output.ts';
import { type Check, failed, ok, warning } from './check.ts';

const NAME = 'permissions (kubernetes)';

/** One line for everything that is allowed, or one for each verb that is not. Throws nothing. */
export async function checkKubernetes(plan: Plan): Promise<Check[]> {
  const { askAccess } = await import('../../direct/kubernetes/access.ts');
  try {
    const access = await askAccess(plan);
    return access === null ? [] : judgeAccess(access);
  } catch (error) {
    const { message, hint } = reportOf(error);
    return [failed(NAME, message, hint)];
  }
}

export function judgeAccess({ accounts, requests, refused }: KubernetesAccess): Check[] {
  if (refused.length === 0) return [ok(NAME, `all ${requests} that are needed, as ${accounts.join(' and ')}`)];
  return refused.map(judgeRefused);
}

function judgeRefused({ account, namespace, resource, verb, otherwise, rule }: RefusedRequest): Check {
  const name = `may ${verb} ${resource}`;
  const detail = `${account} may not, in ${namespace}`;
  const fix = `Add the rule to the Role of the worker's account in ${namespace}: ${JSON.stringify(rule)}`;
  return otherwise === null ? failed(name, detail, fix) : warning(name, `${detail}: ${otherwise}`, fix);
}
