/**
 * An instance that tells on its router: a request that reaches it while it is not ready (still warming up, or asked to
 * end) is answered 520. Each request is one line on stdout, with the id that the load gave it.
 *
 *   READY_AFTER_MS  how long after the start /health answers 200 (400)
 *   WORK_MS         how long a request takes (5)
 */
import { createServer } from 'node:http';

const { PORT, COLOUR, VERSION, INSTANCE } = process.env;
const readyAtMs = performance.now() + Number(process.env.READY_AFTER_MS ?? 400);
const workMs = Number(process.env.WORK_MS ?? 5);
let ending = false;
let served = 0;

const isReady = () => !ending && performance.now() >= readyAtMs;

function answer(response, status, type, body) {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const server = createServer((request, response) => {
  if (request.url === '/metrics') return answer(response, 200, 'text/plain', `served_total ${served}\n`);
  if (request.url === '/health') return answer(response, isReady() ? 200 : 503, 'application/json', '{}');
  const ready = isReady();
  served += 1;
  console.log(JSON.stringify({ id: request.headers['x-request-id'] ?? null, ready }));
  const body = JSON.stringify({ colour: COLOUR, version: VERSION, instance: INSTANCE });
  setTimeout(() => answer(response, ready ? 200 : 520, 'application/json', body), workMs);
});
server.listen(Number(PORT), '127.0.0.1');

process.on('SIGTERM', () => {
  ending = true;
  server.close(() => process.exit(0));
});
