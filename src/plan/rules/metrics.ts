/** What a metrics provider can answer, and settings of one that depend on each other. */
import { formatDuration } from '../duration.ts';
import { lackOf } from '../exporters.ts';
import type { Finding } from '../finding.ts';
import { builtInMetric } from '../metrics.ts';
import {
  cloudwatchSettings,
  type PrometheusSettings,
  prometheusSettings,
  webSettings,
} from '../schema/normalised-metrics.ts';
import type { Plan } from '../types.ts';
import { checkCloudWatch, lackIn } from './cloudwatch.ts';
import { placedCriteria, queryKey } from './criteria.ts';

/** A rollback would come as much later. */
const MAX_INGESTION_DELAY_MS = 300_000;

export function checkMetrics(plan: Plan): Finding[] {
  const { kind, config } = plan.metrics;
  switch (kind) {
    case 'prometheus': {
      const settings = prometheusSettings.safeParse(config).data;
      if (settings === undefined) return [];
      return [
        ...checkAsked(plan, (metric) => lackOf(settings.exporter, metric)),
        ...checkCounts(plan, settings.counts),
        ...checkAccess(settings),
        ...checkDelay(plan, settings.ingestion_delay_ms),
      ];
    }
    case 'cloudwatch': {
      const settings = cloudwatchSettings.safeParse(config).data;
      if (settings === undefined) return [];
      return [
        ...checkAsked(plan, lackIn(plan, settings)),
        ...checkCounts(plan, settings.counts),
        ...checkDelay(plan, settings.ingestion_delay_ms),
        ...checkCloudWatch(plan, settings),
      ];
    }
    case 'web': {
      const counts = webSettings.safeParse(config).data?.counts ?? {};
      return [...checkAsked(plan, () => 'an endpoint has no built-in names'), ...checkCounts(plan, counts)];
    }
    case 'scrape':
      return checkScrape(plan);
    default:
      return [];
  }
}

/** Its router's page is the local program's. */
function checkScrape({ router }: Plan): Finding[] {
  if (router.kind === 'local') return [];
  const message = `\`scrape\` reads the pages of the local router; the plan's is ${router.kind}.`;
  return [{ code: 'CUTOVER_PLAN_VALUE', path: ['metrics', 'scrape'], message, hint: 'Use prometheus, or web.' }];
}

/** Built-in metrics of the plan's criteria that the provider does not have. */
function checkAsked(plan: Plan, lack: (metric: string) => string | null): Finding[] {
  return placedCriteria(plan).flatMap(({ criterion, path }): Finding[] => {
    if (criterion.kind === 'check') return [];
    const metric = builtInMetric(criterion.metric)?.needs_query ?? criterion.metric;
    if (builtInMetric(metric) === null || Object.hasOwn(plan.metrics.queries, metric)) return [];
    const reason = lack(metric);
    if (reason === null) return [];
    const message = `\`${criterion.metric}\` cannot be measured: ${reason}.`;
    return [{ code: 'CUTOVER_PLAN_UNKNOWN_METRIC', path, message, hint: `Define \`${queryKey(plan, metric)}\`.` }];
  });
}

function checkCounts({ metrics }: Plan, counts: Readonly<Record<string, string>>): Finding[] {
  return Object.keys(counts)
    .filter((metric) => !Object.hasOwn(metrics.queries, metric))
    .map((metric) => ({
      code: 'CUTOVER_PLAN_VALUE',
      path: ['metrics', metrics.kind, 'counts', metric],
      message: `\`${metric}\` is counted, and has no query of the plan's own.`,
      hint: 'Give it one among `queries`, or leave it out here.',
    }));
}

function checkAccess({ url, fallback, basic_auth, bearer_token_file, tls }: PrometheusSettings): Finding[] {
  const wrong = (path: string[], message: string, hint: string): Finding => ({
    code: 'CUTOVER_PLAN_VALUE',
    path: ['metrics', 'prometheus', ...path],
    message,
    hint,
  });
  const findings: Finding[] = [];
  if (basic_auth !== null && bearer_token_file !== null) {
    findings.push(wrong(['basic_auth'], 'There are a password and a token; a request carries one.', 'Keep one.'));
  }
  if (tls !== null && (tls.cert_file === undefined) !== (tls.key_file === undefined)) {
    findings.push(wrong(['tls'], 'A certificate and its key come together.', 'Name `cert_file` and `key_file`.'));
  }
  if (tls !== null && ![url, ...fallback].some((address) => address.startsWith('https:'))) {
    findings.push(wrong(['tls'], 'No address of the plan is one of https.', 'Write `https://`, or leave `tls` out.'));
  }
  return findings;
}

function checkDelay({ metrics }: Plan, delayMs: number): Finding[] {
  if (delayMs <= MAX_INGESTION_DELAY_MS) return [];
  const most = formatDuration(MAX_INGESTION_DELAY_MS);
  return [
    {
      code: 'CUTOVER_PLAN_DURATION',
      path: ['metrics', metrics.kind, 'ingestion_delay'],
      message: `The delay is longer than ${most}: a rollback would come as much later.`,
      hint: `Write ${most} at most.`,
    },
  ];
}
