/** The smoke suite against servers that mean no good. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/activities/clock.ts';
import { runSmoke } from '../../../src/activities/smoke.ts';
import type { Adapters } from '../../../src/adapters/registry.ts';
import type { Platform } from '../../../src/adapters/types.ts';
import { loadPlan } from '../../../src/plan/load.ts';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import type { SmokePlan } from '../../../src/plan/types.ts';
import { inputOf, notesOf, PASSWORD, readyState, runOn, VERSION } from './smoke-support.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;
let server: Server;
let handler: Handler;
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    handler(request, response, body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.closeAllConnections());
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** A server that answers the health page as it should, and everything else by `answer`. */
function hostile(answer: Handler): string {
  seen = [];
  const { port } = server.address() as AddressInfo;
  handler = (request, response, body) => {
    if (request.url === '/health') response.end('{}');
    else answer(request, response, body);
  };
  return `http://127.0.0.1:${port}`;
}

function suite(text: string): SmokePlan {
  const yaml = `service: a\nversion: "${VERSION}"\nplatform: local\nsmoke: ${text}`;
  const { plan } = loadPlan([{ name: 'plan.yaml', text: yaml }]);
  expect(checkNormalisedPlan(plan)).toEqual([]);
  if (plan.smoke === null) throw new Error('the plan has no suite');
  return plan.smoke;
}

const LOGIN = '{post: /login, json: {password: {env: SMOKE_PASSWORD}}, capture: {token: $.token}}';

describe('a server that means no good', () => {
  it('cannot have the suite follow its redirects', async () => {
    const url = hostile((request, response) => response.writeHead(302, { location: request.url ?? '/' }).end());
    const run = await runOn([url], suite(`{endpoints: [{path: /loop}], flows: [{name: a, steps: [${LOGIN}]}]}`));
    expect(notesOf(run)).toEqual([
      'GET /loop → 200: green-1: answered 302',
      'flow a: green-1: step 1 of 1, POST /login: expected 2xx, answered 302 (redirects are not followed)',
    ]);
    expect(seen.map(({ url: path }) => path)).toEqual(['/health', '/loop', '/login']);
  });

  it('cannot fill the memory', async () => {
    const url = hostile((_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024, '[');
      let left = 64;
      const write = (): void => {
        while (left > 0 && !response.destroyed) {
          left -= 1;
          if (!response.write(chunk)) {
            response.once('drain', write);
            return;
          }
        }
        response.end();
      };
      write();
    });
    const run = await runOn(
      [url],
      suite(`{dependencies: {path: /d}, database: {path: /db}, flows: [{name: a, steps: [${LOGIN}]}]}`),
    );
    expect(notesOf(run)).toEqual([
      'database /db: green-1: the answer is larger than 1048576 bytes',
      'dependencies /d: green-1: the answer is larger than 262144 bytes',
      'flow a: green-1: step 1 of 1, POST /login: the answer is larger than 1048576 bytes',
    ]);
  });

  it('cannot hold the suite up: by silence, or by a body without an end', async () => {
    const url = hostile((request, response) => {
      if (request.url === '/silent') return;
      response.write('{');
      const drip = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(drip));
    });
    const flows =
      '[{name: a, steps: [{get: /drip, timeout: 200ms}]}, {name: b, steps: [{get: /silent, timeout: 150ms}]}]';
    const run = await runOn([url], suite(`{timeout: 1500ms, dependencies: {path: /drip}, flows: ${flows}}`));
    expect(notesOf(run)).toEqual([
      'dependencies /drip: green-1: no answer within 1500 ms',
      'flow a: green-1: step 1 of 1, GET /drip: no answer within 200 ms',
      'flow b: green-1: step 1 of 1, GET /silent: no answer within 150 ms',
    ]);
  });

  it('cannot have its page taken for a pass: not JSON, no dependency, an unhealthy whole', async () => {
    const pages: Record<string, string> = {
      '/text': 'fine',
      '/none': '{"status": "ok"}',
      '/ill': '{"status": "degraded", "a": true}',
    };
    const url = hostile((request, response) => response.end(pages[request.url ?? ''] ?? 'fine'));
    const noteOf = async (path: string) => notesOf(await runOn([url], suite(`{dependencies: {path: ${path}}}`)));
    expect(await noteOf('/text')).toEqual(['dependencies /text: green-1: /text answered 200 with no JSON object']);
    expect(await noteOf('/none')).toEqual(['dependencies /none: green-1: the document names no dependency']);
    expect(await noteOf('/ill')).toEqual(['dependencies /ill: green-1: the status is "degraded"']);
    expect(notesOf(await runOn([url], suite('{database: {path: /ill}}')))).toEqual([
      'database /ill: green-1: the status is "degraded"',
    ]);
    expect(notesOf(await runOn([url], suite('{database: {path: /text}}')))).toEqual([]);
    expect(notesOf(await runOn([url], suite(`{flows: [{name: a, steps: [${LOGIN}]}]}`)))).toEqual([
      'flow a: green-1: step 1 of 1, POST /login: expected JSON to capture from, found no JSON',
    ]);
  });

  it('cannot have a secret or a captured value written down by sending it back', async () => {
    const token = 'captured-token-0815';
    const url = hostile((request, response, body) => {
      const echo = [body, encodeURIComponent(PASSWORD), Buffer.from(PASSWORD).toString('base64'), token];
      response.setHeader('x-echo', encodeURIComponent(PASSWORD));
      if (request.url === '/login') response.end(JSON.stringify({ token }));
      else response.end(JSON.stringify({ dependencies: Object.fromEntries(echo.map((text) => [text, text])) }));
    });
    // The health page sends back what the instance was told, too.
    const answer = handler;
    handler = (request, response, body) => {
      if (request.url === '/health') response.end(JSON.stringify({ status: PASSWORD, [PASSWORD]: 1 }));
      else answer(request, response, body);
    };
    const run = await runOn(
      [url, url],
      suite(
        `{health: {expect: {status: healthy}}, dependencies: {path: /d}, security_headers: {X-Echo: none}, flows: [{name: a, steps: [${LOGIN}, {post: "/orders/{{token}}", headers: {X-Token: "{{token}}"}, json: {env: SMOKE_PASSWORD}, capture: {x: $.nothing}}]}]}`,
      ),
    );
    expect(notesOf(run)).toHaveLength(4);
    expect(run.written).toContain('{env: SMOKE_PASSWORD}');
    const forms = [
      PASSWORD,
      'correct',
      'horse',
      'battery',
      encodeURIComponent(PASSWORD),
      Buffer.from(PASSWORD).toString('base64'),
    ];
    for (const form of [...forms, token]) expect(run.written).not.toContain(form);
    expect(seen.find(({ url: path }) => path.startsWith('/orders'))).toMatchObject({
      url: `/orders/${token}`,
      headers: { 'x-token': token, 'content-type': 'application/json' },
      body: JSON.stringify(PASSWORD),
    });
  });

  it('sees no key on a read, and the same one for a write that is tried again', async () => {
    const url = hostile((_request, response) => response.end('{"token": "t"}'));
    const plan = suite(
      `{flows: [{name: a, steps: [{get: /a}, ${LOGIN}, {delete: /b}]}, {name: b, steps: [{head: /c}]}]}`,
    );
    await runOn([url, url], plan);
    await runOn([url, url], plan);
    const asked = seen.filter(({ url: path }) => path !== '/health');
    expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      ...['GET /a', 'POST /login', 'DELETE /b', 'HEAD /c'],
      ...['GET /a', 'POST /login', 'DELETE /b', 'HEAD /c'],
    ]);
    const keys = asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys.slice(0, 4)).toEqual(keys.slice(4));
    expect(keys.map((key) => key === undefined)).toEqual([true, false, false, true, true, false, false, true]);
    expect(keys[1]).not.toBe(keys[2]);
  });

  it('does not keep a suite from being cancelled', async () => {
    const controller = new AbortController();
    const url = hostile(() => controller.abort());
    const running = runOn([url], suite('{flows: [{name: a, steps: [{get: /a, timeout: 1m}]}]}'), {
      signal: controller.signal,
    });
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
  });

  it('cannot make the whole suite outlast its activity', async () => {
    let nowMs = 0;
    const url = hostile((_request, response) => {
      nowMs += 100_000;
      response.end('{}');
    });
    const platform = { inspect: async () => readyState([url]) } as unknown as Platform;
    const adapters = { platform: () => platform } as unknown as Adapters;
    const clock = { ...systemClock, now: () => nowMs };
    const result = await runSmoke(
      { adapters, secrets: () => undefined, id: 'a' },
      { clock, signal: new AbortController().signal, heartbeat: () => undefined },
      inputOf(suite('{flows: [{name: a, steps: [{get: /1}, {get: /2}, {get: /3}, {get: /4}]}]}')),
    );
    expect(result.checks.at(-1)?.note).toBe("green-1: step 4 of 4, GET /4: not asked: the suite's 4m are over");
  });
});
