/** How long a workload's pods have to end, against the time that a plan gives their last requests. */
import type { V1Container, V1Deployment } from '@kubernetes/client-node';

/** Kubernetes' own default. */
const DEFAULT_GRACE_S = 30;
/** `sleep 15`, `sh -c "sleep 15"`, `/bin/sleep 15s && true`. */
const SLEEP = /(?:^|[\s/])sleep\s+(\d+(?:\.\d+)?)s?(?:$|[\s;&])/;

/**
 * What cuts a request short that takes as long as `drainMs` allows, one sentence each: a pod that is told to end is killed after
 * its `terminationGracePeriodSeconds`, which runs during its `preStop`, too; and it takes no more requests once a `preStop`
 * that only sleeps is over. A `preStop` that does something else is not judged.
 */
export function endsTooSoon({ metadata, spec }: V1Deployment, kind: string, drainMs: number): string[] {
  const pod = spec?.template.spec;
  const grace = pod?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_S;
  const drain = drainMs / 1_000;
  const name = `${kind} ${metadata?.name}`;
  const doubts: string[] = [];
  if (grace < drain) {
    const key = 'terminationGracePeriodSeconds';
    doubts.push(
      `${name}: its pods are killed ${grace} s after they are told to end (${key}), switch.drain is ${drain} s`,
    );
  }
  for (const container of pod?.containers ?? []) {
    const sleep = sleepOf(container);
    if (sleep === null) continue;
    const its = `${name}: the preStop of ${container.name} sleeps ${sleep} s`;
    if (sleep < drain) doubts.push(`${its}, switch.drain is ${drain} s`);
    if (sleep >= grace) doubts.push(`${its}, and its pods are killed after ${grace} s (terminationGracePeriodSeconds)`);
  }
  return doubts;
}

/** Seconds; null: it does not sleep, or does more than that. */
function sleepOf({ lifecycle }: V1Container): number | null {
  const { sleep, exec } = lifecycle?.preStop ?? {};
  if (sleep !== undefined) return sleep.seconds;
  const told = SLEEP.exec((exec?.command ?? []).join(' '));
  return told === null ? null : Number(told[1]);
}
