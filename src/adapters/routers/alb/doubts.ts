/** What of a live load balancer does not go with its plan, or may surprise. Reads only. */
import { formatDuration } from '../../../plan/duration.ts';
import type { Colour } from '../../../plan/types.ts';
import { numbersIn, stickySecondsOf } from './actions.ts';
import { createAlbApi } from './api.ts';
import { type AlbOptions, regionOf } from './options.ts';

const DELAY = 'deregistration_delay.timeout_seconds';

/** One sentence each. `drainMs`: how long the plan gives the old colour to finish its requests. */
export async function doubtsOf(options: AlbOptions, drainMs: number, signal: AbortSignal): Promise<string[]> {
  const { listeners, rules, groups, stickyForMs } = options;
  const api = createAlbApi(regionOf(options), options.balancer);
  const [{ places }, blue, green] = await Promise.all([
    api.read({ listeners, rules }, 'read', signal),
    api.groupAttributes(groups.blue, signal),
    api.groupAttributes(groups.green, signal),
  ]);
  const delayOf = (attributes: typeof blue) => Number(attributes.find(({ Key: key }) => key === DELAY)?.Value ?? 0);
  return [
    ...places.flatMap((place) => {
      const seconds = stickySecondsOf(place);
      return seconds === 0 ? [] : [stickiness(place.arn, seconds * 1_000, stickyForMs)];
    }),
    ...places.flatMap((place) => {
      const numbers = numbersIn(place, groups);
      const missing = (['blue', 'green'] as const).filter((colour) => numbers[colour] === null);
      return missing.map((colour) => unchecked(place.arn, colour));
    }),
    ...early('blue', delayOf(blue) * 1_000, drainMs),
    ...early('green', delayOf(green) * 1_000, drainMs),
  ];
}

function stickiness(arn: string, heldMs: number, stickyForMs: number): string {
  const held = `${arn} keeps clients on their target group for ${formatDuration(heldMs)}, whatever the weights say`;
  return heldMs > stickyForMs
    ? `${held}: a deployment is refused unless \`sticky_for\` says so`
    : `${held}: no rollback takes them away sooner`;
}

function unchecked(arn: string, colour: Colour): string {
  return `${arn} does not forward to the target group of ${colour}, so that its targets are not checked: the claim adds it with the weight 0`;
}

function early(colour: Colour, delayMs: number, drainMs: number): string[] {
  if (delayMs >= drainMs) return [];
  const [delay, drain] = [formatDuration(delayMs), formatDuration(drainMs)];
  return [`targets of ${colour} are let go ${delay} after they are deregistered, before the plan's drain of ${drain}`];
}
