#!/usr/bin/env node
/**
 * A small shop, as the local platform runs it: PORT, COLOUR, VERSION, SERVICE and INSTANCE come from the environment.
 *
 *   WARMUP_MS     how long after the start the warm-up checks of /health become `pass` (500)
 *   LOG_REQUESTS  1: one line of JSON on stdout per request, for tests
 *   LOGIN_PASSWORD  of the user `smoke` (open-sesame)
 *   FAULTS        what is wrong with which version, as JSON, for example
 *                 {"3.0.0": {"latency_ms": 60}, "4.0.0": {"errors_after_requests": 400, "error_percent": 30}}
 *     latency_ms             added to each request
 *     error_percent          share of requests answered 500 (100 when only an errors_after_… is given)
 *     errors_after_requests  errors begin after so many requests of this instance
 *     errors_after_ms        errors begin so long after this instance's first request
 *     crash_after_requests   the process ends with code 1
 *     dependency_down        the dependency of that name is down
 *     database_ms            how long the database takes to answer
 *     no_frame_options       true: the header X-Frame-Options is missing
 * Faults hit the business endpoints, never /health and /metrics.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const { PORT = '8080', COLOUR = 'blue', VERSION = '1.0.0', SERVICE = 'shop', INSTANCE = 'local' } = process.env;
const warmupMs = Number(process.env.WARMUP_MS ?? 500);
const logRequests = process.env.LOG_REQUESTS === '1';
const fault = JSON.parse(process.env.FAULTS ?? '{}')[VERSION] ?? {};
const loginPassword = process.env.LOGIN_PASSWORD ?? 'open-sesame';
const startedMs = performance.now();

let requests = 0;
let orders = 0;
let errorsOwed = 0;
let placed = new Map();
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
    ...(fault.no_frame_options === true ? {} : { 'x-frame-options': 'DENY' }),
    ...(draining ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(text);
}

const DEPENDENCIES = ['database', 'payments', 'inventory'];

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
  'GET /api/v1/health/database': async (_request, response) => {
    const from = performance.now();
    await sleep(fault.database_ms ?? 0);
    respond(response, 200, { status: 'healthy', response_time_ms: Math.round(performance.now() - from) });
  },
  'GET /api/v1/health/dependencies': (_request, response) => {
    const states = DEPENDENCIES.map((name) => [name, { status: name === fault.dependency_down ? 'down' : 'healthy' }]);
    const isWell = states.every(([, { status }]) => status === 'healthy');
    const body = { status: isWell ? 'healthy' : 'degraded', dependencies: Object.fromEntries(states) };
    respond(response, isWell ? 200 : 503, body);
  },
  'POST /auth/login': async (request, response) => {
    const { username, password } = await readJson(request);
    const isKnown = username === 'smoke' && typeof password === 'string' && isSame(password, loginPassword);
    if (!isKnown) return respond(response, 401, { error: 'wrong name or password' });
    respond(response, 200, { token: tokenOf(username) });
  },
  'GET /api/user/profile': (request, response) => {
    if (isLoggedIn(request)) respond(response, 200, { username: 'smoke' });
    else respond(response, 401, { error: 'who are you?' });
  },
  'POST /api/orders': async (request, response) => {
    if (!isLoggedIn(request)) return respond(response, 401, { error: 'who are you?' });
    const { item, quantity } = await readJson(request);
    const isOrder = typeof item === 'string' && Number.isInteger(quantity) && quantity > 0;
    if (!isOrder) return respond(response, 400, { error: 'an order has an item and a quantity' });
    respond(response, 201, place(request.headers['idempotency-key'], { item, quantity }));
  },
  'GET /api/orders': (request, response) => {
    if (!isLoggedIn(request)) return respond(response, 401, { error: 'who are you?' });
    const order = [...placed.values()].find(({ orderId }) => orderId === request.query.get('id'));
    if (order === undefined) respond(response, 404, { error: 'no such order' });
    else respond(response, 200, order);
  },
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

/** An order that comes again with its key is the same order. Only the last hundred are kept. */
function place(key, order) {
  const known = key === undefined ? undefined : placed.get(key);
  if (known !== undefined) return known;
  orders += 1;
  const made = { orderId: `${INSTANCE}-${orders}`, ...order };
  placed = new Map([...placed, [key ?? made.orderId, made]].slice(-100));
  return made;
}

/** Every instance of the service accepts the tokens of the others. */
function tokenOf(username) {
  return createHmac('sha256', loginPassword).update(`${SERVICE}/${username}`).digest('base64url');
}

function isLoggedIn({ headers }) {
  return isSame(headers.authorization ?? '', `Bearer ${tokenOf('smoke')}`);
}

function isSame(one, other) {
  const [a, b] = [one, other].map((text) => createHmac('sha256', SERVICE).update(text).digest());
  return timingSafeEqual(a, b);
}

/** An empty object for a body that breaks off, is no JSON object, or is larger than 64 KB. */
async function readJson(request) {
  try {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) {
      text += chunk;
      if (text.length > 65_536) return {};
    }
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

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
