/** Which adapters a plan names, with the defaults that follow from a local platform. */
import { type AdapterRole, adapterKinds } from '../adapters.ts';
import type { Finding } from '../finding.ts';
import type { WrittenPlan } from '../schema/plan.ts';
import type { PlatformPlan, RouterPlan } from '../types.ts';

export interface AdapterChoice {
  platform: PlatformPlan;
  router: RouterPlan;
  /** The metrics provider's name. */
  metrics: string;
}

/** A name is empty where the plan names none, or two; `findings` then says so. */
export function chooseAdapters(written: WrittenPlan, findings: Finding[]): AdapterChoice {
  const platformKind = only('platform', written.platform, null, findings);
  const isLocal = platformKind === 'local';
  // Without a platform it is not known whether the two would have defaults.
  const isUnknown = platformKind === '';
  const routerKind = only('router', written.router, isLocal ? 'local' : isUnknown ? '' : null, findings);
  const metrics = only('metrics', written.metrics, isLocal ? 'scrape' : isUnknown ? '' : null, findings);
  return { platform: platformPlan(written, platformKind), router: routerPlan(written, routerKind), metrics };
}

function platformPlan(written: WrittenPlan, kind: string): PlatformPlan {
  if (kind !== 'local') return { ...configOf(written.platform, kind), kind };
  const { url, command, cwd, env } = written.platform?.local ?? {};
  return { kind: 'local', url: url ?? null, command: command ?? [], cwd: cwd ?? null, env: env ?? {} };
}

function routerPlan(written: WrittenPlan, kind: string): RouterPlan {
  if (kind !== 'local') return { ...configOf(written.router, kind), kind };
  // One program is both: a platform elsewhere has its router there too.
  return { kind: 'local', url: written.router?.local?.url ?? written.platform?.local?.url ?? null };
}

function configOf(block: Readonly<Record<string, unknown>> | undefined, kind: string): Record<string, unknown> {
  const config = block !== undefined && Object.hasOwn(block, kind) ? block[kind] : undefined;
  return typeof config === 'object' && config !== null ? { ...config } : {};
}

function only(role: AdapterRole, block: object | undefined, otherwise: string | null, findings: Finding[]): string {
  const kinds = adapterKinds(role);
  const named = kinds.filter((kind) => block !== undefined && Object.hasOwn(block, kind));
  const [first, second] = named;
  if (first !== undefined && second === undefined) return first;
  if (first === undefined && otherwise !== null) return otherwise;
  findings.push(first === undefined ? missing(role, kinds) : twice(role, named));
  return '';
}

function missing(role: AdapterRole, kinds: string[]): Finding {
  return {
    code: 'CUTOVER_PLAN_MISSING_KEY',
    path: [role],
    message: `\`${role}\` names no adapter.`,
    hint: `Name one of ${kinds.join(', ')}; \`--set ${role}=${kinds[0]}\` would do.`,
  };
}

function twice(role: AdapterRole, named: string[]): Finding {
  return {
    code: 'CUTOVER_PLAN_VALUE',
    path: [role, named[1] ?? ''],
    message: `\`${role}\` names ${named.join(' and ')}; it must be exactly one.`,
    hint: 'Keep one of them.',
  };
}
