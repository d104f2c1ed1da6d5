/** Checks and hooks whose parts do not fit together. */
import type { Finding } from '../finding.ts';
import { builtInMetric } from '../metrics.ts';
import { type CheckPlan, HOOK_POINTS, type HookPlan, type HookPoint, type Plan } from '../types.ts';
import { requestProblems } from './requests.ts';

type Path = (string | number)[];
/** Set for every attempt alike, which a plan could not. */
const IDEMPOTENCY_KEY = 'idempotency-key';

export function checkCalls({ checks, hooks }: Plan): Finding[] {
  return [
    ...Object.entries(checks).flatMap(([name, check]) => checkCheck(name, check)),
    ...HOOK_POINTS.flatMap((point) => [...namedTwice(hooks[point], point), ...ownKeys(hooks[point], point)]),
  ];
}

function checkCheck(name: string, { call }: CheckPlan): Finding[] {
  const at = ['checks', name];
  const unnameable =
    builtInMetric(name) === null
      ? []
      : [finding(at, `\`${name}\` is a metric, so no criterion can name a check of that name.`, 'Name it otherwise.')];
  return call.kind === 'http' ? [...unnameable, ...requestFindings(call, [...at, 'http'])] : unnameable;
}

function namedTwice(hooks: HookPlan[], point: HookPoint): Finding[] {
  const names = hooks.map(({ name }) => name);
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [
          finding(
            ['hooks', point, index, 'name'],
            `Two hooks at ${point} are named \`${name}\`.`,
            'Name each hook once; its name is part of its idempotency key.',
          ),
        ],
  );
}

function ownKeys(hooks: HookPlan[], point: HookPoint): Finding[] {
  return hooks.flatMap(({ call }, index) => {
    if (call.kind !== 'http') return [];
    const at = ['hooks', point, index, 'http'];
    const own = Object.keys(call.headers).find((name) => name.toLowerCase() === IDEMPOTENCY_KEY);
    const found = requestFindings(call, at);
    if (own === undefined) return found;
    const message = `\`${own}\` is sent with every hook, the same for each attempt; a plan cannot set it.`;
    return [...found, finding([...at, 'headers', own], message, 'Leave it out.')];
  });
}

function requestFindings(call: Parameters<typeof requestProblems>[0], at: Path): Finding[] {
  return requestProblems(call, at).map(({ path, message, hint }) => finding(path, message, hint));
}

function finding(path: Finding['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_CALL', path, message, hint };
}
