/** Hooks, checks and notifiers as people read them. Addresses lose their query, which may hold what is nobody's business. */
import type { CheckPlan, CloudFrontCall, HookPlan, HttpCall, NotifierPlan, ScriptCall } from '../types.ts';

export interface TimelineHook {
  name: string;
  /** `POST https://migrate.example.com/run`, `./purge --all`. */
  call: string;
  /** Of one attempt. */
  timeout_ms: number;
  attempts: number;
  on_failure: HookPlan['on_failure'];
}

export function hookOf({ name, call, timeout_ms, attempts, on_failure }: HookPlan): TimelineHook {
  return { name, call: callText(call), timeout_ms, attempts, on_failure };
}

/** With every attempt used up; the pauses between them are not in it. */
export function mostMsOf(hooks: readonly HookPlan[]): number {
  return hooks.reduce((all, { timeout_ms, attempts }) => all + timeout_ms * attempts, 0);
}

/** Check → what it looks at. */
export function checkTexts(checks: Readonly<Record<string, CheckPlan>>): Record<string, string> {
  const entries = Object.entries(checks).map(([name, { call }]): [string, string] => [
    name,
    call.kind === 'metric' ? call.criterion.source : callText(call),
  ]);
  return Object.fromEntries(entries);
}

/** The host only: whoever knows the path of a webhook can post to it. */
export function notifierText({ kind, url }: NotifierPlan): string {
  return `${kind} ${URL.canParse(url) ? new URL(url).host : url}`;
}

function callText(call: HttpCall | ScriptCall | CloudFrontCall): string {
  if (call.kind === 'cloudfront') return `invalidate ${call.paths.join(' ')} of CloudFront ${call.distribution}`;
  if (call.kind === 'script') return call.command.join(' ');
  return `${call.method} ${call.url.replace(/[?#].*$/s, '')}`;
}
