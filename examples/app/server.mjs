#!/usr/bin/env node
/**
 * A small shop, as the local platform runs it: PORT, COLOUR, VERSION, SERVICE and INSTANCE come from the environment.
 *
 *   WARMUP_MS     how long after the start the warm-up checks of /health become `pass` (500)
 *   LOG_REQUESTS  1: one line of JSON on stdout per request, for tests
 *   FAULTS        what is wrong with which version, as JSON, for example
 *                 {"3.0.0": {"latency_ms": 60}, "4.0.0": {"errors_after_requests": 400, "error_percent": 30}}
 *     latency_ms             added to each request
 *     error_percent          share of requests answered 500 (100 when only an errors_after_… is given)
 *     errors_after_requests  errors begin after so many requests of this instance
 *     errors_after_ms        errors begin so long after this instance's first request
 *     crash_after_requests   the process ends with code 1
 * Faults hit the business endpoints, never /health and /metrics.
 */
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const { PORT = '8080', COLOUR = 'blue', VERSION = '1.0.0', SERVICE = 'shop', INSTANCE = 'local' } = process.env;
const warmupMs = Number(process.env.WARMUP_MS ?? 500);
const logRequests = process.env.LOG_REQUESTS === '1';
const fault = JSON.parse(process.env.FAULTS ?? '{}')[VERSION] ?? {};
const startedMs = performance.now();

let requests = 0;
let orders = 0;
let errorsOwed = 0;
let firstRequestMs = null;
let draining = false;

const WARMUP_CHECKS = [
  'jvm_warmup_complete',
  'connection_pools_ready',
  'cache_preloaded',
  'downstream_health_check_pass',
];

function respond(response, status, body, headers = {}) {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(draining ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(text);
}

/** After draft-inadarei-api-health-check: an application may be ready while a check is still `warn`. */
function health(response) {
  const warm = performance.now() - startedMs >= warmupMs;
  const time = new Date().toISOString();
  const checks = Object.fromEntries(WARMUP_CHECKS.map((name) => [name, [{ status: warm ? 'pass' : 'warn', time }]]));
  const body = { status: 'healthy', version: VERSION, service: SERVICE, colour: COLOUR, timestamp: time, checks };
  respond(response, draining ? 503 : 200, body, { 'content-type': 'application/health+json' });
}

function metrics(response) {
  const lines = [
    ...[
      '# HELP db_connection_success Connection attempts that succeeded, percent.',
      '# TYPE db_connection_success gauge',
    ],
    'db_connection_success 100',
    ...['# HELP orders_total Orders placed.', '# TYPE orders_total counter', `orders_total ${orders}`],
    ...[
      '# HELP app_requests_total Business requests.',
      '# TYPE app_requests_total counter',
      `app_requests_total ${requests}`,
    ],
  ];
  respond(response, 200, `${lines.join('\n')}\n`, { 'content-type': 'text/plain; version=0.0.4' });
}

/** Whether this request is one that the version's faults turn into a 500; evenly spread. */
function isFaulty() {
  const { errors_after_requests: afterRequests, errors_after_ms: afterMs } = fault;
  const whole = afterRequests === undefined && afterMs === undefined ? 0 : 100;
  if (requests <= (afterRequests ?? 0) || performance.now() - firstRequestMs < (afterMs ?? 0)) return false;
  errorsOwed += fault.error_percent ?? whole;
  if (errorsOwed < 100) return false;
  errorsOwed -= 100;
  return true;
}

const ROUTES = {
  'GET /': (_request, response) => {
    orders += 1;
    respond(response, 200, { service: SERVICE, version: VERSION, colour: COLOUR, instance: INSTANCE });
  },
  'GET /api/v1/users': (_request, response) => respond(response, 200, [{ id: 1, name: 'Ada' }]),
  'GET /api/v1/orders': (request, response) => {
    if (request.headers.authorization === undefined) respond(response, 401, { error: 'who are you?' });
    else respond(response, 200, { orders });
  },
  'GET /api/v1/health/database': (_request, response) => respond(response, 200, { status: 'healthy' }),
  'GET /api/v1/health/dependencies': (_request, response) => respond(response, 200, { status: 'healthy' }),
  // For tests: /slow?ms=500 answers late, /stream?bytes=N sends N bytes, POST /echo sends back what it gets.
  'GET /slow': async (request, response) => {
    await sleep(Number(request.query.get('ms') ?? 500));
    respond(response, 200, { version: VERSION });
  },
  'GET /stream': (request, response) => stream(response, Number(request.query.get('bytes') ?? 1_000_000)),
  'POST /echo': (request, response) => {
    response.writeHead(200, { 'content-type': request.headers['content-type'] ?? 'application/octet-stream' });
    request.pipe(response);
  },
};

function stream(response, bytes) {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  let left = bytes;
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const write = () => {
    while (left > 0) {
      const size = Math.min(left, chunk.length);
      left -= size;
      if (!response.write(chunk.subarray(0, size))) return response.once('drain', write);
    }
    return response.end();
  };
  write();
}

async function business(request, response) {
  requests += 1;
  firstRequestMs ??= performance.now();
  if (logRequests) console.log(JSON.stringify({ at: Date.now(), method: request.method, path: request.path }));
  if (fault.crash_after_requests !== undefined && requests > fault.crash_after_requests) process.exit(1);
  if (fault.latency_ms !== undefined) await sleep(fault.latency_ms);
  if (isFaulty()) return respond(response, 500, { error: 'this version is broken' });
  const route = ROUTES[`${request.method === 'HEAD' ? 'GET' : request.method} ${request.path}`];
  if (route === undefined) return respond(response, 404, { error: 'no such page' });
  return route(request, response);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://local');
  request.path = url.pathname;
  request.query = url.searchParams;
  if (url.pathname === '/health') return health(response);
  if (url.pathname === '/metrics') return metrics(response);
  return business(request, response);
});

server.listen(Number(PORT), '127.0.0.1', () => {
  console.log(JSON.stringify({ at: Date.now(), listening: Number(PORT), version: VERSION, colour: COLOUR }));
});

process.on('SIGTERM', () => {
  draining = true;
  console.log(JSON.stringify({ at: Date.now(), stopping: true }));
  server.close(() => process.exit(0));
});
