/** Whether this version and these workers can run a plan, as far as it can be seen from here. */
import { NOT_BUILT_CODES } from '../../plan/problems.ts';
import { findNotBuilt } from '../../plan/rules/not-built.ts';
import { SECRET_PREFIX } from '../../plan/smoke-values.ts';
import type { Plan } from '../../plan/types.ts';
import { checkAws } from './aws.ts';
import { type Check, failed, ok, skipped, warning } from './check.ts';
import { checkKubernetes } from './kubernetes.ts';
import { checkLoadBalancer } from './load-balancer.ts';

export async function checkPlan(plan: Plan, localUrl: string): Promise<Check[]> {
  const missing = findNotBuilt(plan).filter(({ code }) => NOT_BUILT_CODES.includes(code));
  const built =
    missing.length === 0
      ? ok('plan', `${plan.service} ${plan.version}: everything that it names is built`)
      : failed('plan', missing.map(({ message }) => message).join(' '), 'Leave it out; see `cutover validate`.');
  const endpoints = missing.length === 0 ? await checkAdapters(plan, localUrl) : [skipped('endpoints', 'not built')];
  return [built, ...endpoints, ...checkNeeds(plan)];
}

async function checkAdapters(plan: Plan, localUrl: string): Promise<Check[]> {
  const found = await Promise.all([
    checkEndpoints(plan, localUrl),
    checkKubernetes(plan),
    checkAws(plan),
    checkLoadBalancer(plan),
  ]);
  return found.flat();
}

async function checkEndpoints(plan: Plan, localUrl: string): Promise<Check[]> {
  const { probeAdapters } = await import('../../direct/probe.ts');
  const probes = await probeAdapters(plan, localUrl);
  return probes.flatMap(({ role, kind, detail, problem, doubts = [] }) => {
    const name = `${role} (${kind})`;
    const fix = `Check what the plan says of its ${role}.`;
    if (problem !== null) return [failed(name, problem, fix)];
    return [ok(name, detail), ...doubts.map((doubt) => warning(name, doubt, 'Change the workload, or the plan.'))];
  });
}

/** What only the worker has: its environment and its directory of scripts cannot be seen from here. */
export function checkNeeds(plan: Plan): Check[] {
  const { secrets, scripts } = needsOf(plan);
  const listed = secrets.filter((name) => !name.startsWith(SECRET_PREFIX));
  const checks: Check[] = [];
  if (secrets.length > 0) {
    const allow = listed.length === 0 ? '' : `, with CUTOVER_SMOKE_ENV=${listed.join(',')}`;
    checks.push(
      warning('secrets', `the plan names ${secrets.join(', ')}`, `Every worker needs them in its environment${allow}.`),
    );
  }
  if (scripts.length > 0) {
    const fix = 'Start every worker with --scripts DIRECTORY, and have these programs in it.';
    checks.push(warning('scripts', `the plan runs ${scripts.join(', ')}`, fix));
  }
  return checks;
}

/** Names of environment variables, and programs, that a plan asks of its workers, each once. */
export function needsOf(plan: Plan): { secrets: string[]; scripts: string[] } {
  const secrets = new Set<string>();
  const scripts = new Set<string>();
  function visit(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const { env, kind, command } = value as Record<string, unknown>;
    if (typeof env === 'string' && Object.keys(value).length === 1) secrets.add(env);
    if (kind === 'script' && Array.isArray(command)) scripts.add(String(command[0]));
    for (const part of Object.values(value)) visit(part);
  }
  visit([plan.smoke, plan.checks, plan.hooks, plan.notifiers]);
  return { secrets: [...secrets].sort(), scripts: [...scripts].sort() };
}
