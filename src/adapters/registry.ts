/** From a plan's target to its adapters: one line per adapter that is built. */
import type { Target } from '../activities/watch-types.ts';
import { CutoverError } from '../errors.ts';
import type { LocalPlatformPlan, NotifierPlan, OtherAdapterPlan } from '../plan/types.ts';
import { createScrapeProvider } from './metrics/scrape.ts';
import { createLogNotifier } from './notifiers/log.ts';
import { createWebhookNotifier } from './notifiers/webhook.ts';
import { createLocalPlatform } from './platforms/local.ts';
import { createLocalRouter } from './routers/local.ts';
import type { MetricsProvider, Notifier, Platform, TrafficRouter } from './types.ts';

export interface AdapterSettings {
  /** Admin URL of the local program, for plans that name none. */
  localUrl: string;
  /** Where the log notifier writes its lines. */
  log: (line: string) => void;
  /** What `{env: NAME}` of a notifier stands for; absent, or undefined for a name: this worker gives no such value away. */
  secrets?: ((name: string) => string | undefined) | undefined;
}

export interface Adapters {
  platform(target: Target): Platform;
  router(target: Target): TrafficRouter;
  metrics(target: Target): MetricsProvider;
  notifiers(target: Target): Notifier[];
}

/** Every method throws CUTOVER_ADAPTER_NOT_BUILT for a kind that this version knows only by name. */
export function createAdapters(settings: AdapterSettings): Adapters {
  function localUrl(config: object): string {
    return 'url' in config && typeof config.url === 'string' ? config.url : settings.localUrl;
  }

  function platform(target: Target): Platform {
    const config = target.platform;
    switch (config.kind) {
      case 'local':
        return createLocalPlatform({
          ...(config as LocalPlatformPlan),
          url: localUrl(config),
          service: target.service,
        });
      default:
        return notBuilt('platform', config);
    }
  }

  function router(target: Target): TrafficRouter {
    const config = target.router;
    switch (config.kind) {
      case 'local':
        return createLocalRouter({ url: localUrl(config), service: target.service });
      default:
        return notBuilt('router', config);
    }
  }

  function metrics(target: Target): MetricsProvider {
    const { kind, queries, resolution_ms } = target.metrics;
    switch (kind) {
      case 'scrape':
        return createScrapeProvider({
          routerMetricsUrl: `${localUrl(target.router)}/v1/services/${encodeURIComponent(target.service)}/metrics`,
          platform: platform(target),
          queries,
          resolutionMs: resolution_ms,
        });
      default:
        return notBuilt('metrics provider', { kind });
    }
  }

  function notifier(plan: NotifierPlan, { service, environment }: Target): Notifier {
    switch (plan.kind) {
      case 'webhook': {
        const { url, events } = plan;
        const secret =
          plan.secret === null ? null : { name: plan.secret.env, value: settings.secrets?.(plan.secret.env) };
        return createWebhookNotifier({ url, service, environment, secret, events });
      }
      default:
        return notBuilt('notifier', plan);
    }
  }

  function notifiers(target: Target): Notifier[] {
    // A run that an earlier version started carries none.
    const plans: NotifierPlan[] = target.notifiers ?? [];
    return [createLogNotifier(settings.log), ...plans.map((plan) => notifier(plan, target))];
  }

  return { platform, router, metrics, notifiers };
}

function notBuilt(role: string, config: OtherAdapterPlan | { kind: string }): never {
  throw new CutoverError('CUTOVER_ADAPTER_NOT_BUILT', `this version has no ${role} "${config.kind}"`);
}
