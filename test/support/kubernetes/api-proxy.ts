/** Between Cutover and a real API server. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { request } from 'node:https';
import {
  type Intercepting,
  type InterceptingProxy,
  type ProxiedAnswer,
  type ProxiedCall,
  startInterceptingProxy,
  textOf,
} from '../intercepting-proxy.ts';
import type { ControlPlane } from './control-plane.ts';

export { cutAfter, cutBefore } from '../intercepting-proxy.ts';

export interface ApiCall extends ProxiedCall {
  /** Bearer token that it came with. */
  token: string;
}

export type Interception = Intercepting<ApiCall>;
export type ApiProxy = InterceptingProxy<ApiCall>;

export const isServiceWrite = ({ method, path }: ApiCall) => method === 'PATCH' && path.includes('/services/');
export const isWorkloadWrite = ({ method, path }: ApiCall) => method === 'PATCH' && path.includes('/deployments/');
/** A write that gives green all traffic. */
export const isSwitch = (call: ApiCall) => isServiceWrite(call) && call.body.includes('"colour":"green"');

/** As an API server words it. */
export function refusal(status: number, message: string, headers: Record<string, string> = {}): Interception {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code: status });
  return async () => ({ status, headers: { 'content-type': 'application/json', ...headers }, body });
}

/** `token`: what the API server is sent in place of the caller's; absent: the caller's. */
export function startApiProxy({ url }: Pick<ControlPlane, 'url'>, token?: string): Promise<ApiProxy> {
  const authorised = (call: ApiCall, headers: IncomingHttpHeaders) => ({
    ...headers,
    authorization: `Bearer ${token ?? call.token}`,
  });
  return startInterceptingProxy<ApiCall>({
    describe: (call, headers) => ({ ...call, token: (headers.authorization ?? '').replace('Bearer ', '') }),
    send: (call, headers) => forward(url, call, authorised(call, headers)),
    relay: (call, headers, to) => relay(url, call, authorised(call, headers), to),
  });
}

function forward(url: string, { method, path, body }: ApiCall, headers: IncomingHttpHeaders): Promise<ProxiedAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, headers, rejectUnauthorized: false }, (response) => {
      textOf(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        reject,
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** As it comes: a watch has no end. */
function relay(url: string, call: ApiCall, headers: IncomingHttpHeaders, to: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { method: call.method, headers, rejectUnauthorized: false };
    const sent = request(`${url}${call.path}`, options, (response) => {
      call.done = response.statusCode ?? 0;
      call.status = call.done;
      to.writeHead(call.done, response.headers);
      response.pipe(to);
      response.once('error', reject);
      response.once('end', resolve);
    });
    sent.once('error', reject);
    to.once('close', () => sent.destroy());
    sent.end(call.body);
  });
}
