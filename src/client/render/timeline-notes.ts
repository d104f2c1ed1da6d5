/** The parts of a timeline that are told in sentences. */
import { formatDuration } from '../../plan/duration.ts';
import { formatShare } from '../../plan/exposure.ts';
import type { TimelineHook } from '../../plan/timeline/calls.ts';
import type { Timeline } from '../../plan/timeline.ts';
import { padEnd } from './text.ts';

const BEGINS_COLUMNS = 11;

export function routerLines({ router, after_rollback }: Timeline): string[] {
  const { requests, conditional_writes, convergence_floor_ms: floorMs } = router;
  const checked = conditional_writes ? '' : '; it cannot refuse a write atomically, so each is read back';
  const floor = floorMs === null || floorMs === 0 ? [] : [`It takes at least ${formatDuration(floorMs)} to converge.`];
  return [
    `${padEnd('0s', BEGINS_COLUMNS)}claim the service: nothing moves${checked}`,
    ...requests.map(
      ({ starts_after_ms, from_percent, to_percent, exposed, deadline_ms, stage }) =>
        `${padEnd(formatDuration(starts_after_ms), BEGINS_COLUMNS)}${from_percent} → ${formatShare(to_percent, exposed)}, proven within ${formatDuration(deadline_ms)} (${stage})`,
    ),
    `${padEnd('any time', BEGINS_COLUMNS)}back to 0 % at a rollback; requests in flight get ${formatDuration(after_rollback.drain_ms)}`,
    ...floor,
  ];
}

/** The criteria stand in the stages already; here they are one entry. */
export function rollbackLines({ rollback, judging, after_rollback }: Timeline): string[] {
  const triggers = rollback.filter(({ kind }) => kind === 'trigger');
  const others = rollback.filter(({ kind }) => kind !== 'trigger' && kind !== 'criterion');
  const afterwards = after_rollback.hooks.map((hook) => `Then: ${hookText(hook)}`);
  const hasCriteria = rollback.some(({ kind }) => kind === 'criterion');
  const { resolution_ms, window_ms, consecutive, min_observations } = judging;
  const fires = `A trigger (▲) is judged every ${formatDuration(resolution_ms)} over ${formatDuration(window_ms)} and ${min_observations} requests or more; it fires at ${consecutive} ${consecutive === 1 ? 'breach' : 'breaches in a row'}.`;
  return [
    ...triggers.map(({ text, when }) => `▲ ${text} — ${when}`),
    ...(triggers.length === 0 ? ['· no trigger is named: only what follows puts the traffic back'] : []),
    ...(hasCriteria ? ['· a success criterion (✔) is not met at the end of its stage, or cannot be met any more'] : []),
    ...others.map(({ text, when }) => `· ${text} — ${when}`),
    ...(triggers.length === 0 ? [] : [fires]),
    ...afterwards,
    ...(after_rollback.scheduled_work ? ['Scheduled work goes back to the old colour, after the traffic.'] : []),
    `The candidate is then kept for ${formatDuration(after_rollback.keep_failed_ms)} and scaled to 0.`,
  ];
}

/** `expand-schema: POST https://…/run, 3 attempts of 30s each, else rollback`. */
export function hookText({ name, call, timeout_ms, attempts, on_failure }: TimelineHook): string {
  const time = formatDuration(timeout_ms);
  return `${name}: ${call}, ${attempts === 1 ? `1 attempt of ${time}` : `${attempts} attempts of ${time} each`}, else ${on_failure}`;
}

export function toldLines({ notifiers }: Timeline): string[] {
  const lines = notifiers.map(({ to, events, signed }) => {
    const what = events === 'all' ? 'everything that happens' : 'what a person should act on';
    return `· ${to}: ${what}${signed ? '' : ', unsigned'}`;
  });
  return ["· the worker's log: everything that happens", ...lines];
}

export function peopleLines({ approval, calls, lease, stages, rollback_safe_until: safety }: Timeline): string[] {
  const kept = `${formatDuration(lease.duration_ms)} after the observation: \`cutover rollback\` needs no redeploy, \`cutover release\` ends it`;
  return [
    ...(approval === null ? ['· nobody is asked to approve'] : approvalLines(approval)),
    ...calls.map((call) => `· called when ${call}`),
    '· may roll back at any time until the old colour is being removed',
    ...(safety === null
      ? []
      : [
          `· a rollback needs \`--force\` from ${formatDuration(safety.starts_after_ms)} on, when ${safety.text}: data makes it unsafe`,
        ]),
    ...(stages.some(({ phase }) => phase === 'lease') ? [`· the old colour is kept for ${kept}${shrunk(lease)}`] : []),
  ];
}

function shrunk({ shrink_to_percent: percent }: Timeline['lease']): string {
  return percent === null ? '' : `; it has ${percent} % of its size then, so a rollback scales it up first`;
}

function approvalLines({
  required,
  approvers,
  timeout_ms,
  on_timeout,
  starter_may_approve,
  starts_after_ms,
  share,
}: NonNullable<Timeline['approval']>): string[] {
  const whom = `${required} of ${approvers.join(', ')}`;
  const starter = starter_may_approve ? '' : '; whoever starts it does not count';
  const late = on_timeout === 'rollback' ? 'it is rolled back' : 'it goes on all the same';
  return [
    `? asked at ${formatDuration(starts_after_ms)}, with ${share} % on the candidate: ${whom}${starter}`,
    `· without approval within ${formatDuration(timeout_ms)} ${late}; a rejection rolls back`,
  ];
}
