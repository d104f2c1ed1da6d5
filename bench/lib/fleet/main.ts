/**
 * Stands in for the local program where thousands of services are needed: the same admin API, spoken to by the same
 * adapters over HTTP, without instances, proxy or disk. Every service that is named is there.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ColourRequest, RouterRequest } from '../../../src/local/api.ts';
import type { Colour } from '../../../src/plan/types.ts';
import { createPageWriter } from './page.ts';
import { createFleetService, type FleetService } from './service.ts';

const STATUS = { written: 200, already: 200, superseded: 409, conflict: 412 };

const services = new Map<string, FleetService>();
const writePage = await createPageWriter('fleet');

function serviceOf(name: string): FleetService {
  const known = services.get(name) ?? createFleetService(name);
  services.set(name, known);
  return known;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  // /v1/services/NAME/WHAT/OF
  const [, , , name = '', what = '', of = ''] = (request.url ?? '').split('/');
  if (name === '') return json(response, 200, { services: [...services.values()].map((one) => one.fate()) });
  const service = serviceOf(name);
  const expected = request.headers['if-match']?.replaceAll('"', '') ?? '';
  const isRead = request.method === 'GET';
  switch (`${isRead ? 'GET' : 'PUT'} ${what}`) {
    case 'GET metrics':
      return void response.end(writePage(service.shown()));
    case 'GET router':
      return json(response, 200, service.routerView());
    case 'PUT router': {
      const { weights = null, fence = null } = await readJson<Partial<RouterRequest>>(request);
      const result = service.write(weights, fence, expected);
      return json(response, STATUS[result.kind], result);
    }
    case 'PUT colours':
      return json(response, 200, service.deploy(of as Colour, await readJson<ColourRequest>(request)));
    case 'PUT break':
      service.break();
      return json(response, 200, {});
    default:
      return json(response, 200, service.view());
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readJson<T>(request: IncomingMessage): Promise<T> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as T;
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
});
// As long as the connections of a worker that comes back every second.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.once('disconnect', () => process.exit(0));
