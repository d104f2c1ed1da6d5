/** Requests, programs, and the parts of a plan that consist of them: checks, hooks, notifiers. */
import { parseCriterion } from '../criteria.ts';
import type { Finding } from '../finding.ts';
import type { WrittenPlan } from '../schema/plan.ts';
import type {
  CheckPlan,
  CloudFrontCall,
  HookPlan,
  HookPoint,
  HttpCall,
  NotifierPlan,
  Plan,
  ScriptCall,
  SmokeMethod,
} from '../types.ts';
import { DEFAULTS } from './defaults.ts';
import { milliseconds } from './values.ts';

type WrittenCheck = NonNullable<WrittenPlan['checks']>[string];
type WrittenHook = NonNullable<NonNullable<WrittenPlan['hooks']>[HookPoint]>[number];
type WrittenRequest = NonNullable<WrittenHook['http']> & { path?: string | undefined };
type WrittenScript = NonNullable<WrittenHook['script']>;

const METHODS = { get: 'GET', head: 'HEAD', post: 'POST', put: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const;
type MethodKey = keyof typeof METHODS;
type Address = { readonly [key in MethodKey | 'url' | 'path']?: string | undefined };

/** What a request asks, and how: the schema wants exactly one of the keys. `otherwise`: the method of `url` and `path`. */
export function methodAndPlace(written: Address, otherwise: SmokeMethod): { method: SmokeMethod; place: string } {
  const key = (Object.keys(METHODS) as MethodKey[]).find((method) => written[method] !== undefined);
  const place = key === undefined ? (written.url ?? written.path) : written[key];
  return { method: key === undefined ? otherwise : METHODS[key], place: place ?? '/' };
}

/** What is no metric's comparison is told in `findings`, and its check left out. */
export function normaliseChecks(written: NonNullable<WrittenPlan['checks']>, findings: Finding[]): Plan['checks'] {
  const entries = Object.entries(written).flatMap(([name, check]): [string, CheckPlan][] => {
    const timeout_ms = milliseconds(check.timeout, DEFAULTS.check_timeout_ms);
    const call = check.metric === undefined ? otherCall(check, 'GET') : metricCall(name, check.metric, findings);
    // Narrowed by kind, since a metric has a type of its own in `CheckPlan`.
    if (call === null) return [];
    return [[name, call.kind === 'metric' ? { call, timeout_ms } : { call, timeout_ms }]];
  });
  return Object.fromEntries(entries);
}

export function normaliseHooks(written: NonNullable<WrittenPlan['hooks']>): Plan['hooks'] {
  const of = (point: HookPoint) => (written[point] ?? []).map((hook) => normaliseHook(hook, point));
  return {
    before_switch: of('before_switch'),
    after_switch: of('after_switch'),
    on_rollback: of('on_rollback'),
    before_cleanup: of('before_cleanup'),
  };
}

export function normaliseNotifiers(written: NonNullable<WrittenPlan['notifiers']>): NotifierPlan[] {
  return written.map(({ webhook: { url, secret, events } }) => ({
    kind: 'webhook',
    url,
    secret: secret ?? null,
    events: events ?? DEFAULTS.notifier_events,
  }));
}

function normaliseHook(written: WrittenHook, point: HookPoint): HookPlan {
  return {
    name: written.name,
    call: written.cloudfront === undefined ? otherCall(written, 'POST') : cloudfrontCall(written.cloudfront),
    timeout_ms: milliseconds(
      written.timeout,
      written.cloudfront === undefined ? DEFAULTS.hook_timeout_ms : DEFAULTS.invalidation_timeout_ms,
    ),
    attempts: written.attempts ?? DEFAULTS.hook_attempts,
    on_failure: written.on_failure ?? DEFAULTS.hook_on_failure[point],
  };
}

/** The schema wants exactly one of the two. */
function otherCall(
  { http, script }: Pick<WrittenCheck, 'http' | 'script'>,
  method: SmokeMethod,
): HttpCall | ScriptCall {
  return script === undefined ? httpCall(http ?? {}, method) : scriptCall(script);
}

function httpCall(written: WrittenRequest, otherwise: SmokeMethod): HttpCall {
  const { method, place } = methodAndPlace(written, otherwise);
  const { headers, json, status } = written;
  return { kind: 'http', method, url: place, headers: headers ?? {}, json: json ?? null, status: status ?? null };
}

function cloudfrontCall({ distribution, paths }: NonNullable<WrittenHook['cloudfront']>): CloudFrontCall {
  return { kind: 'cloudfront', distribution, paths: paths ?? [...DEFAULTS.invalidated_paths] };
}

function scriptCall({ command, env }: WrittenScript): ScriptCall {
  return { kind: 'script', command, env: env ?? {} };
}

function metricCall(check: string, text: string, findings: Finding[]) {
  const path = ['checks', check, 'metric'];
  const criterion = parseCriterion(text);
  if (criterion.kind === 'metric') return { kind: 'metric' as const, criterion };
  const isName = criterion.kind === 'check';
  findings.push({
    code: 'CUTOVER_PLAN_CRITERION',
    path,
    message: isName
      ? `\`${text}\` is the name of a check, and this one compares a metric.`
      : `\`${text}\` is no criterion. ${criterion.message}`,
    hint: isName ? `Write for example \`${text.trim()} > 90\`.` : criterion.hint,
    ...(isName ? {} : { offset: criterion.offset + text.length - text.trimStart().length }),
  });
  return null;
}
