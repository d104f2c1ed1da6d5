/** Between Cutover and moto: what AWS does and moto makes too easy. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Intercepting,
  type InterceptingProxy,
  type ProxiedAnswer,
  type ProxiedCall,
  startInterceptingProxy,
  textOf,
} from '../intercepting-proxy.ts';

export interface AwsCall extends ProxiedCall {
  /** As in the credential scope of its signature: `elasticloadbalancing`. */
  service: string;
  region: string;
  /** The access key's ID. */
  key: string;
  /** The API's name of the operation: `ModifyListener`. */
  action: string;
}

export type AwsFault = Intercepting<AwsCall>;
export type AwsProxy = InterceptingProxy<AwsCall>;

export const isAction =
  (...actions: string[]) =>
  ({ action }: AwsCall) =>
    actions.includes(action);

/** An error as the service of the call words it. */
export function refused(status: number, code: string, message: string): AwsFault {
  return async (_, { service }) => ({ status, ...worded(service, code, message) });
}

export const throttled: AwsFault = async (_, { service }) => {
  const code = JSON_SERVICES.has(service) ? 'ThrottlingException' : 'Throttling';
  return { status: 400, ...worded(service, code, 'Rate exceeded') };
};
export const unwell = refused(500, 'InternalFailure', 'The request processing has failed');
/** It is done at once, and answered so much later. */
export const slow =
  (ms: number): AwsFault =>
  async (pass) => {
    const answer = await pass();
    await sleep(ms);
    return answer;
  };
/** Answers what the same question was answered before the last write; a question that is new as it is. */
export function stale(answers: Remembered): AwsFault {
  return async (pass, call) => answers.before(call) ?? pass();
}

export interface Remembered {
  before(call: AwsCall): ProxiedAnswer | null;
}

/** Answers itself what moto does not know; faults stand before it. */
export type Layer = (pass: () => Promise<ProxiedAnswer>, call: AwsCall) => Promise<ProxiedAnswer>;

export interface FaultProxy extends AwsProxy {
  /** Stays until the function is called that it returns, also when the proxy is calmed. */
  layer(over: Layer): () => void;
  /** Yesterday's truth: the answers that were true before the last write that went through. */
  readonly remembered: Remembered;
}

const JSON_SERVICES = new Set(['ecs', 'monitoring', 'application-autoscaling']);
const READ = /^(Describe|List|Get)/;

export async function startFaultProxy(url: string): Promise<FaultProxy> {
  const latest = new Map<string, ProxiedAnswer>();
  let before = new Map<string, ProxiedAnswer>();
  let layers: Layer[] = [];

  async function send(call: AwsCall, headers: ProxiedAnswer['headers']): Promise<ProxiedAnswer> {
    const toMoto = () => forward(url, call, headers);
    const answer = await layers.reduce<() => Promise<ProxiedAnswer>>((pass, over) => () => over(pass, call), toMoto)();
    if (READ.test(call.action)) latest.set(keyOf(call), answer);
    else if (answer.status < 300) before = new Map(latest);
    return answer;
  }

  const proxy = await startInterceptingProxy<AwsCall>({
    describe: (call, headers) => ({ ...call, ...scopeOf(headers.authorization), action: actionOf(call, headers) }),
    send,
  });
  return {
    ...proxy,
    remembered: { before: (call) => before.get(keyOf(call)) ?? null },
    layer(over) {
      layers.push(over);
      return () => {
        layers = layers.filter((one) => one !== over);
      };
    },
  };
}

function keyOf({ service, method, path, action, body }: AwsCall): string {
  return [service, action, method, path, body].join(' ');
}

/** `AWS4-HMAC-SHA256 Credential=KEY/20261129/eu-west-1/ecs/aws4_request, …` */
function scopeOf(authorization: string | undefined): { service: string; region: string; key: string } {
  const scope = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(authorization ?? '') ?? [];
  const [, key = '', region = '', service = ''] = scope;
  return { service, region, key };
}

/** Three protocols: JSON names its target in a header, Query in the body, REST by method and path. */
function actionOf({ method, path, body }: ProxiedCall, headers: ProxiedAnswer['headers']): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.slice(target.lastIndexOf('.') + 1);
  const named = /(?:^|&)Action=(\w+)/.exec(body)?.[1];
  if (named !== undefined) return named;
  const [plain = ''] = path.split('?');
  const fits = REST.find((one) => one.method === method && one.path.test(plain));
  return fits?.action ?? `${method} ${plain}`;
}

const REST = [
  { method: 'POST', path: /\/hostedzone\/[^/]+\/rrset\/?$/, action: 'ChangeResourceRecordSets' },
  { method: 'GET', path: /\/hostedzone\/[^/]+\/rrset\/?$/, action: 'ListResourceRecordSets' },
  { method: 'GET', path: /\/hostedzone\/[^/]+\/?$/, action: 'GetHostedZone' },
  { method: 'POST', path: /\/hostedzone\/?$/, action: 'CreateHostedZone' },
  { method: 'GET', path: /\/hostedzone\/?$/, action: 'ListHostedZones' },
  { method: 'GET', path: /\/hostedzonesbyname\/?$/, action: 'ListHostedZonesByName' },
  { method: 'GET', path: /\/change\/[^/]+$/, action: 'GetChange' },
  { method: 'GET', path: /\/healthcheck\/[^/]+\/status$/, action: 'GetHealthCheckStatus' },
  { method: 'GET', path: /\/healthcheck\/[^/]+$/, action: 'GetHealthCheck' },
  { method: 'POST', path: /\/healthcheck\/?$/, action: 'CreateHealthCheck' },
  { method: 'POST', path: /\/distribution\/[^/]+\/invalidation\/?$/, action: 'CreateInvalidation' },
  { method: 'GET', path: /\/distribution\/[^/]+\/invalidation\/[^/]+$/, action: 'GetInvalidation' },
  { method: 'GET', path: /\/distribution\/[^/]+$/, action: 'GetDistribution' },
];

function worded(service: string, code: string, message: string): Omit<ProxiedAnswer, 'status'> {
  if (JSON_SERVICES.has(service)) {
    const body = JSON.stringify({ __type: code, message });
    return { headers: { 'content-type': 'application/x-amz-json-1.1' }, body };
  }
  const error = `<Code>${code}</Code><Message>${message}</Message>`;
  const body =
    service === 'ec2'
      ? `<Response><Errors><Error>${error}</Error></Errors><RequestID>0</RequestID></Response>`
      : `<ErrorResponse><Error><Type>Sender</Type>${error}</Error><RequestId>0</RequestId></ErrorResponse>`;
  return { headers: { 'content-type': 'text/xml' }, body };
}

export function forward(
  url: string,
  { method, path, body }: ProxiedCall,
  headers: ProxiedAnswer['headers'],
): Promise<ProxiedAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers }, (response) => {
      textOf(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        reject,
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
