/** The adapters of a first plan, of what stands behind a router of AWS; and what of its phases depends on them. */

import type { LiveAws } from '../../direct/aws/live.ts';
import { formatDuration } from '../../plan/duration.ts';

type Section = Record<string, unknown>;

const SECOND_MS = 1_000;
/** Shifts of Route 53 converge no sooner than records are kept by resolvers. */
const DEFAULT_TTL_SECONDS = 60;
/** What a change takes beyond that until it is proven. */
const MARGIN_SECONDS = 240;
const DEFAULT_DEADLINE_SECONDS = 60;

export function awsSection(live: LiveAws): { comments: string[]; section: Section } {
  const { active, shares, platform, version } = live;
  const what = platform.kind === 'ecs' ? 'tasks' : 'instances';
  const running = `${platform.sizes[active]} ${what} of ${version ?? 'an image without version'}`;
  const place = live.router.kind === 'route53' ? `The record ${live.router.record}` : `The ${live.router.place}`;
  const comments = [
    `${place} gave blue ${shares.blue} % and green ${shares.green} % when this was written; ${active} ran ${running}.`,
    ...stickiness(live),
    'CloudWatch tells of a minute a minute later: docs/cloudwatch.md.',
  ];
  return { comments, section: { platform: platformOf(live), router: routerOf(live), metrics: metricsOf(live) } };
}

/** `switch.deadline` that lets the router converge. */
export function deadlineOf({ router }: LiveAws): string {
  const seconds =
    router.kind === 'route53'
      ? Math.max(router.ttlSeconds ?? 0, DEFAULT_TTL_SECONDS) + MARGIN_SECONDS
      : router.stickySeconds === 0
        ? DEFAULT_DEADLINE_SECONDS
        : router.stickySeconds + DEFAULT_DEADLINE_SECONDS;
  return formatDuration(seconds * SECOND_MS);
}

function stickiness({ router }: LiveAws): string[] {
  if (router.kind === 'route53' || router.stickySeconds === 0) return [];
  const sticky = formatDuration(router.stickySeconds * SECOND_MS);
  return [`Clients stay on their target group for ${sticky}, also in a rollback, until stickiness is turned off.`];
}

function platformOf({ region, platform, router }: LiveAws): Section {
  const { kind, sizes: _, ...settings } = platform;
  const own = router.kind === 'route53' && region === null ? {} : { region };
  const known = Object.entries(settings).filter(([, value]) => value !== null);
  return { [kind]: { ...own, ...Object.fromEntries(known) } };
}

function routerOf({ router }: LiveAws): Section {
  if (router.kind === 'route53') {
    const { zone, record, type, identifiers, ttlSeconds } = router;
    const areColours = identifiers.blue === 'blue' && identifiers.green === 'green';
    const ttl = ttlSeconds !== null && ttlSeconds < DEFAULT_TTL_SECONDS ? { ttl: `${ttlSeconds}s` } : {};
    return { route53: { zone, record, type, ...ttl, ...(areColours ? {} : { set_identifiers: identifiers }) } };
  }
  const { kind, place, arn, groups, stickySeconds } = router;
  const sticky = stickySeconds === 0 ? {} : { sticky_for: formatDuration(stickySeconds * SECOND_MS) };
  return { [kind]: { [place]: arn, target_groups: groups, ...(kind === 'alb' ? sticky : {}) } };
}

/** Records tell of no load balancer. */
function metricsOf({ router, dimensions }: LiveAws): unknown {
  return router.kind === 'route53' ? { cloudwatch: { dimensions } } : 'cloudwatch';
}
