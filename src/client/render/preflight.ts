/** What a dry run has found, and the plan's timeline in short. */
import { formatDuration } from '../../plan/duration.ts';
import { formatShare } from '../../plan/exposure.ts';
import type { Duration, Timeline } from '../../plan/timeline.ts';
import type { Preflight } from '../preflight.ts';
import type { Colors } from './canvas.ts';
import { sanitiseAll } from './sanitise.ts';
import { padEnd, words } from './text.ts';

const NAME_COLUMNS = 19;

export function renderPreflight(found: Preflight, timeline: Timeline, colors: Colors): string {
  const { checks, ready } = sanitiseAll(found);
  const { service, version, environment, target, router, to_outcome, to_end, approval } = sanitiseAll(timeline);
  const where = target === null ? environment : `${environment} @ ${target}`;
  const shares = router.requests.map((request) => formatShare(request.to_percent, request.exposed)).join(' → ');
  const asked = approval === null ? [] : [`  ${approval.required} of ${approval.approvers.join(', ')} approve`];
  return [
    colors.bold(`${service} ${version} → ${where}`),
    ...checks.map(({ name, ok, message }) => {
      const glyph = ok ? colors.green('✔') : colors.red('✖');
      return `  ${glyph} ${padEnd(words(name), NAME_COLUMNS)}${message}`;
    }),
    '',
    `  traffic of the candidate: ${shares}`,
    ...asked,
    `  the outcome is known after ${both(to_outcome)}; the old colour is gone after ${both(to_end)}`,
    '',
    ready ? colors.green('A start would go now; nothing has been started.') : colors.red('A start would not go now.'),
  ].join('\n');
}

function both({ least_ms, most_ms }: Duration): string {
  return `${formatDuration(least_ms)} (at most ${formatDuration(most_ms)})`;
}
