/** From a plan's target to its adapters: one line per adapter that is built. */
import type { Target } from '../activities/watch-types.ts';
import { CutoverError } from '../errors.ts';
import { cloudwatchSettings, prometheusSettings, webSettings } from '../plan/schema/normalised-metrics.ts';
import { asgPlatform, ecsPlatform, kubernetesPlatform } from '../plan/schema/platforms.ts';
import { routerSettings } from '../plan/schema/routers.ts';
import type { Colour, LocalPlatformPlan, NotifierPlan, OtherAdapterPlan } from '../plan/types.ts';
import type { RequestLimit } from './kubernetes/request-limit.ts';
import { createCloudWatchProvider } from './metrics/cloudwatch.ts';
import { createPrometheusProvider } from './metrics/prometheus.ts';
import { createScrapeProvider } from './metrics/scrape.ts';
import { createWebProvider } from './metrics/web.ts';
import { createLogNotifier } from './notifiers/log.ts';
import { createWebhookNotifier } from './notifiers/webhook.ts';
import { createAsgPlatform } from './platforms/asg.ts';
import { createEcsPlatform } from './platforms/ecs.ts';
import { createKubernetesPlatform } from './platforms/kubernetes.ts';
import { createLocalPlatform } from './platforms/local.ts';
import { applicationOptions, networkOptions } from './routers/alb/options.ts';
import { createAlbRouter } from './routers/alb.ts';
import { createGatewayApiRouter } from './routers/kubernetes/gateway-api.ts';
import { createIngressNginxRouter } from './routers/kubernetes/ingress-nginx.ts';
import { createIstioRouter } from './routers/kubernetes/istio.ts';
import { createServiceSelectorRouter } from './routers/kubernetes/service-selector.ts';
import { createTraefikRouter } from './routers/kubernetes/traefik.ts';
import { createLocalRouter } from './routers/local.ts';
import { route53OptionsOf } from './routers/route53/options.ts';
import { createRoute53Router } from './routers/route53.ts';
import { settingsOf } from './settings.ts';
import type { MetricsProvider, Notifier, Platform, TrafficRouter } from './types.ts';

const DEFAULT_NAMESPACE = 'default';
const DEFAULT_COLOUR_LABEL = 'colour';

export interface AdapterSettings {
  /** Directory that files with credentials must lie in which a plan names; absent or null: none are read. */
  secretsFolder?: string | null | undefined;
  /** Admin URL of the local program, for plans that name none. */
  localUrl: string;
  /** Where the log notifier writes its lines. */
  log: (line: string) => void;
  /** What `{env: NAME}` of a notifier stands for; absent, or undefined for a name: this worker gives no such value away. */
  secrets?: ((name: string) => string | undefined) | undefined;
}

export interface Adapters {
  /** `urgent`: for a rollback, which waits for nobody's bound of requests. */
  platform(target: Target, urgent?: boolean): Platform;
  router(target: Target, urgent?: boolean): TrafficRouter;
  metrics(target: Target): MetricsProvider;
  notifiers(target: Target): Notifier[];
}

/** Every method throws CUTOVER_ADAPTER_NOT_BUILT for a kind that this version knows only by name. */
export function createAdapters(settings: AdapterSettings): Adapters {
  function localUrl(config: object): string {
    return 'url' in config && typeof config.url === 'string' ? config.url : settings.localUrl;
  }

  function platform(target: Target, urgent = false): Platform {
    const config = target.platform;
    switch (config.kind) {
      case 'local':
        return createLocalPlatform({
          ...(config as LocalPlatformPlan),
          url: localUrl(config),
          service: target.service,
        });
      case 'kubernetes': {
        const { deployments, ...settings } = settingsOf(kubernetesPlatform, config);
        return createKubernetesPlatform({
          context: settings.context ?? null,
          ...turnOf(target, urgent),
          namespace: settings.namespace ?? DEFAULT_NAMESPACE,
          names: deployments ?? servicesOf(target),
          kind: settings.workload ?? 'Deployment',
          container: settings.container ?? null,
          image: settings.image ?? null,
          port: settings.port ?? null,
          activeOnly:
            settings.active_only === undefined
              ? undefined
              : { selector: settings.active_only, colourLabel: settings.colour_label ?? DEFAULT_COLOUR_LABEL },
        });
      }
      case 'ecs': {
        const { cluster, services, ...settings } = settingsOf(ecsPlatform, config);
        return createEcsPlatform({
          region: settings.region ?? null,
          cluster,
          names: services,
          container: settings.container ?? null,
          image: settings.image ?? null,
          port: settings.port ?? null,
        });
      }
      case 'asg': {
        const { region, groups, image, image_owner: imageOwner = 'self', port } = settingsOf(asgPlatform, config);
        return createAsgPlatform({
          region: region ?? null,
          groups,
          image: image ?? null,
          imageOwner,
          port: port ?? null,
        });
      }
      default:
        return notBuilt('platform', config);
    }
  }

  function router(target: Target, urgent = false): TrafficRouter {
    const config = target.router;
    const access = turnOf(target, urgent);
    switch (config.kind) {
      case 'local':
        return createLocalRouter({ url: localUrl(config), service: target.service });
      case 'service_selector': {
        const {
          service,
          label = DEFAULT_COLOUR_LABEL,
          probe,
          ...place
        } = settingsOf(routerSettings.service_selector, config);
        return createServiceSelectorRouter({ ...placeOf(target, place), ...access, service, label, probe });
      }
      case 'gateway_api': {
        const { route, route_kind: kind = 'HTTPRoute', ...rest } = settingsOf(routerSettings.gateway_api, config);
        const services = rest.services ?? servicesOf(target);
        return createGatewayApiRouter({ ...placeOf(target, rest), ...access, kind, route, services });
      }
      case 'istio': {
        const { virtual_service: virtualService, route = null, ...rest } = settingsOf(routerSettings.istio, config);
        const destinations =
          rest.subsets === undefined
            ? { by: 'host' as const, names: rest.services ?? servicesOf(target) }
            : { by: 'subset' as const, names: rest.subsets };
        return createIstioRouter({ ...placeOf(target, rest), ...access, virtualService, route, destinations });
      }
      case 'ingress_nginx': {
        const { ingress, canary, ...rest } = settingsOf(routerSettings.ingress_nginx, config);
        const services = rest.services ?? servicesOf(target);
        const place = placeOf(target, rest);
        return createIngressNginxRouter({
          ...place,
          ...access,
          ingress,
          canary: canary ?? canaryOf(ingress),
          services,
        });
      }
      case 'traefik': {
        const { service: traefikService, ...rest } = settingsOf(routerSettings.traefik, config);
        const services = rest.services ?? servicesOf(target);
        return createTraefikRouter({ ...placeOf(target, rest), ...access, traefikService, services });
      }
      case 'alb':
        return createAlbRouter(applicationOptions(config));
      case 'nlb':
        return createAlbRouter(networkOptions(config));
      case 'route53':
        return createRoute53Router(route53OptionsOf(settingsOf(routerSettings.route53, config)));
      default:
        return notBuilt('router', config);
    }
  }

  function metrics(target: Target): MetricsProvider {
    const { kind, config, queries, resolution_ms, window_ms } = target.metrics;
    const { service, environment } = target;
    const ofTarget = { service, environment, queries, resolutionMs: resolution_ms };
    switch (kind) {
      case 'scrape':
        return createScrapeProvider({
          routerMetricsUrl: `${localUrl(target.router)}/v1/services/${encodeURIComponent(target.service)}/metrics`,
          platform: platform(target),
          queries,
          resolutionMs: resolution_ms,
        });
      case 'prometheus':
        return createPrometheusProvider({
          ...settingsOf(prometheusSettings, { kind, ...config }),
          ...ofTarget,
          secretsFolder: settings.secretsFolder ?? null,
        });
      case 'cloudwatch':
        return createCloudWatchProvider({
          ...settingsOf(cloudwatchSettings, { kind, ...config }),
          ...ofTarget,
          places: { platform: target.platform, router: target.router },
          windowMs: window_ms,
        });
      case 'web':
        return createWebProvider({ ...settingsOf(webSettings, { kind, ...config }), ...ofTarget });
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

export function servicesOf({ service }: Target): Record<Colour, string> {
  return { blue: `${service}-blue`, green: `${service}-green` };
}

/** Whose requests they are, of which there is one deployment at a time, and what bounds them. */
function turnOf(target: Target, urgent: boolean): { limit: Partial<RequestLimit>; urgent: boolean; party: string } {
  return { limit: limitOf(target), urgent, party: JSON.stringify([target.environment, target.service, target.target]) };
}

/** Of requests to the API server, as the platform's settings have it, for its routers, too. */
function limitOf({ platform }: Target): Partial<RequestLimit> {
  if (platform.kind !== 'kubernetes') return {};
  const { requests_per_second: perSecond, request_burst: burst } = settingsOf(kubernetesPlatform, platform);
  return { ...(perSecond === undefined ? {} : { perSecond }), ...(burst === undefined ? {} : { burst }) };
}

/** Of an Ingress. */
export function canaryOf(ingress: string): string {
  return `${ingress}-canary`;
}

/** Where a router's object is; what the plan does not say is as the platform has it. */
export function placeOf(
  { platform }: Target,
  { context, namespace }: { context?: string | undefined; namespace?: string | undefined },
): { context: string | null; namespace: string } {
  const its = platform.kind === 'kubernetes' ? settingsOf(kubernetesPlatform, platform) : {};
  return {
    context: context ?? its.context ?? null,
    namespace: namespace ?? its.namespace ?? DEFAULT_NAMESPACE,
  };
}

function notBuilt(role: string, config: OtherAdapterPlan | { kind: string }): never {
  throw new CutoverError('CUTOVER_ADAPTER_NOT_BUILT', `this version has no ${role} "${config.kind}"`);
}
