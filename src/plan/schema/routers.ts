/** The routers' own keys, as written. */
import { z } from 'zod';
import { durationText, httpUrl, MAX_LIST, perColour, text } from './base.ts';

const kubernetesObject = {
  context: text('a kubeconfig context').optional().describe("Default: the platform's."),
  namespace: text('a namespace', 63).optional().describe("Default: the platform's."),
};
const services = perColour('the name of a Service').optional();

const routers = {
  local: z.strictObject({
    url: httpUrl.optional().describe("Admin address of the local program. Default: the platform's."),
  }),
  service_selector: z.strictObject({
    ...kubernetesObject,
    service: text('the name of a Service', 63),
    label: text('a label', 317).optional().describe('The label that holds the colour. Default: colour.'),
  }),
  gateway_api: z.strictObject({ ...kubernetesObject, route: text('the name of an HTTPRoute', 253), services }),
  istio: z.strictObject({
    ...kubernetesObject,
    virtual_service: text('the name of a VirtualService', 253),
    route: text('the name of an HTTP route in it').optional(),
    subsets: perColour('a subset of the DestinationRule').optional(),
    services,
  }),
  ingress_nginx: z.strictObject({ ...kubernetesObject, ingress: text('the name of an Ingress', 253), services }),
  traefik: z.strictObject({ ...kubernetesObject, service: text('the name of a TraefikService', 253), services }),
  alb: z.strictObject({
    region: text('a region').optional(),
    listener: text('the ARN of a listener').optional(),
    rule: text('the ARN of a listener rule').optional(),
    target_groups: perColour('the ARN of a target group'),
  }),
  route53: z.strictObject({
    zone: text('the ID of a hosted zone'),
    record: text('the name of a record', 255),
    type: z.enum(['A', 'AAAA', 'CNAME'], 'A, AAAA or CNAME').optional(),
    ttl: durationText.optional().describe('Default: 60s.'),
    set_identifiers: perColour('the identifier of a weighted record').optional(),
  }),
  envoy: z.strictObject({
    listen: text('an address such as 127.0.0.1:18000').optional().describe('Where Envoy fetches its configuration.'),
    admin: httpUrl.optional(),
    route: text('the name of a route configuration').optional(),
    clusters: perColour('the name of a cluster').optional(),
  }),
  nginx: z.strictObject({
    config: text('the file that holds the weights'),
    upstreams: perColour('the name of an upstream').optional(),
    reload: z.array(text('a word of the command'), 'a list of words').min(1).max(MAX_LIST).optional(),
    status: httpUrl.optional(),
  }),
  haproxy: z.strictObject({
    socket: text('the path or address of the runtime socket'),
    backend: text('the name of a backend'),
    servers: perColour('the name of a server').optional(),
  }),
};

export const routerSchema = z
  .strictObject(routers, 'the name of a router, or a map with its settings')
  .partial()
  .describe("What decides each colour's share of traffic: exactly one.")
  .meta({ adapter: 'router' });
