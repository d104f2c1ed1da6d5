/** The routers' own keys, as written. */
import { z } from 'zod';
import { durationText, httpUrl, MAX_LIST, perColour, text } from './base.ts';
import { route53Settings } from './route53.ts';

/** Their fingerprints have to fit into one tag. */
const MAX_PLACES = 5;

function arns(what: string) {
  const one = text(`the ARN of ${what}`);
  const expected = `the ARN of ${what}, or a list of at most ${MAX_PLACES}`;
  return z.union([one, z.array(one).min(1, expected).max(MAX_PLACES, expected)], expected);
}

/** As a list, whichever way they are written. */
export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

const loadBalancer = {
  region: text('a region').optional().meta({ description: 'AWS region.', otherwise: 'the one of the ARN' }),
};
const targetGroups = perColour('the ARN of a target group').meta({ description: 'The two target groups.' });

const kubernetesObject = {
  context: text('a kubeconfig context').optional().meta({
    description: 'Context of the kubeconfig.',
    otherwise: "the platform's",
  }),
  namespace: text('a namespace', 63).optional().meta({ description: 'Namespace.', otherwise: "the platform's" }),
};
const services = perColour('the name of a Service').optional().meta({
  description: 'The Services that the two colours stand behind.',
  otherwise: '`SERVICE-blue` and `SERVICE-green`',
});

const PROBE_EXPECTED = 'either a header or a field, which tells who answers';
const serviceProbe = z
  .strictObject({
    url: httpUrl.meta({
      description: 'Address of the Service as the worker reaches it; asked five times, each over a new connection.',
      examples: ['http://checkout.shop.svc/health'],
    }),
    header: text('the name of a header', 200).optional().meta({
      description: 'Header of the answer that holds the colour, or the version.',
    }),
    field: text('the name of a field', 200).optional().meta({
      description: 'Field of its JSON body that does, such as `build.version`.',
    }),
  })
  .refine(({ header, field }) => (header === undefined) !== (field === undefined), PROBE_EXPECTED);

export const routerSettings = {
  local: z
    .strictObject({
      url: httpUrl.optional().meta({
        description: 'Admin address of the local program.',
        otherwise: "the platform's",
      }),
    })
    .meta({ description: "The local program's own weighted HTTP router." }),
  service_selector: z
    .strictObject({
      ...kubernetesObject,
      service: text('the name of a Service', 63).meta({ description: 'Service whose selector is changed.' }),
      label: text('a label', 317).optional().meta({ description: 'Label that holds the colour.', default: 'colour' }),
      probe: serviceProbe.optional().meta({
        description: "What is asked of the Service's own address before a shift counts as converged.",
        otherwise: 'its EndpointSlices are believed',
      }),
    })
    .meta({ description: "A Kubernetes Service's selector: 0 % or 100 %, nothing between." }),
  gateway_api: z
    .strictObject({
      ...kubernetesObject,
      route: text('the name of a route', 253).meta({ description: 'Name of the route.' }),
      route_kind: z.enum(['HTTPRoute', 'GRPCRoute'], 'HTTPRoute or GRPCRoute').optional().meta({
        description: 'Kind of the route.',
        default: 'HTTPRoute',
      }),
      services,
    })
    .meta({ description: 'Weights of a Gateway API HTTPRoute or GRPCRoute.' }),
  istio: z
    .strictObject({
      ...kubernetesObject,
      virtual_service: text('the name of a VirtualService', 253).meta({ description: 'Name of the VirtualService.' }),
      route: text('the name of an HTTP route in it').optional().meta({
        description: 'Name of an HTTP route in it.',
        otherwise: 'every route that names both colours',
      }),
      subsets: perColour('a subset of the DestinationRule').optional().meta({
        description: 'Subsets of the DestinationRule, where one Service has both colours.',
      }),
      services,
    })
    .meta({ description: 'Weights of an Istio VirtualService.' }),
  ingress_nginx: z
    .strictObject({
      ...kubernetesObject,
      ingress: text('the name of an Ingress', 253).meta({ description: 'Name of the main Ingress.' }),
      canary: text('the name of an Ingress', 253).optional().meta({
        description: 'Name of the canary Ingress beside it, which is made when it is not there.',
        otherwise: '`INGRESS-canary`',
      }),
      services,
    })
    .meta({ description: 'Service of an Ingress of ingress-nginx, and canary weight beside it.' }),
  traefik: z
    .strictObject({
      ...kubernetesObject,
      service: text('the name of a TraefikService', 253).meta({ description: 'Name of the TraefikService.' }),
      services,
    })
    .meta({ description: 'Weights of a TraefikService.' }),
  alb: z
    .strictObject({
      ...loadBalancer,
      listener: arns('a listener').optional().meta({
        description: 'ARN of a listener, for its default action; several are written together.',
      }),
      rule: arns('a listener rule').optional().meta({
        description: 'ARN of a listener rule; also beside `listener`.',
      }),
      test_listener: text('the ARN of a listener').optional().meta({
        description: 'ARN of a listener whose default action is given to the standby colour when a deployment starts.',
      }),
      target_groups: targetGroups,
      sticky_for: durationText.optional().meta({
        description:
          'The longest that target group stickiness may hold a client: no shift converges sooner, so `switch.deadline` is no shorter.',
        default: '0s',
      }),
    })
    .refine(({ listener, rule }) => {
      const places = listOf(listener).length + listOf(rule).length;
      return places > 0 && places <= MAX_PLACES;
    }, `a \`listener\` or a \`rule\`, at most ${MAX_PLACES} of both together`)
    .meta({ description: 'Target group weights of an AWS Application Load Balancer.' }),
  nlb: z
    .strictObject({
      ...loadBalancer,
      listener: arns('a listener').meta({
        description: 'ARN of a listener, for its default action; several are written together.',
      }),
      target_groups: targetGroups,
    })
    .meta({ description: 'Target group weights of an AWS Network Load Balancer: 0 % or 100 %, nothing between.' }),
  route53: route53Settings,
  envoy: z
    .strictObject({
      listen: text('an address such as 127.0.0.1:18000')
        .optional()
        .meta({
          description: 'Where Envoy fetches its configuration.',
          examples: ['127.0.0.1:18000'],
        }),
      admin: httpUrl.optional().meta({ description: "Address of Envoy's admin interface." }),
      route: text('the name of a route configuration').optional().meta({
        description: 'Name of the route configuration.',
      }),
      clusters: perColour('the name of a cluster').optional().meta({
        description: 'The two clusters.',
      }),
    })
    .meta({ description: 'Weighted clusters of Envoy, over xDS.' }),
  nginx: z
    .strictObject({
      config: text('the file that holds the weights').meta({ description: 'File that holds the weights.' }),
      upstreams: perColour('the name of an upstream').optional().meta({
        description: 'The two upstreams.',
      }),
      reload: z
        .array(text('a word of the command'), 'a list of words')
        .min(1)
        .max(MAX_LIST)
        .optional()
        .meta({ description: 'Command that makes NGINX read the file.', examples: [['nginx', '-s', 'reload']] }),
      status: httpUrl.optional().meta({ description: 'Address of its status page.' }),
    })
    .meta({ description: 'A weights file of NGINX.' }),
  haproxy: z
    .strictObject({
      socket: text('the path or address of the runtime socket').meta({
        description: 'Path or address of the runtime socket.',
      }),
      backend: text('the name of a backend').meta({ description: 'Name of the backend.' }),
      servers: perColour('the name of a server').optional().meta({
        description: 'The two servers.',
      }),
    })
    .meta({ description: "Weights at HAProxy's runtime socket." }),
};

export const routerSchema = z
  .strictObject(routerSettings, 'the name of a router, or a map with its settings')
  .partial()
  .meta({
    adapter: 'router',
    description: "What decides each colour's share of traffic: exactly one.",
    otherwise: 'local on the platform local',
  });
