/**
 * An application that behaves badly on request, for what a router meets in the wild:
 * /reused  breaks the connection off without an answer when it is not the connection's first request
 * /cut     sends half of what it announced, then breaks off
 * /status  answers with a status line that must not be passed on
 * /headers answers with the request's headers as JSON, and hop-by-hop headers of its own
 * It is ready READY_AFTER_MS after it began to listen, and logs each request with whether it had said it was ready.
 */
import { createServer } from 'node:http';

const readyAtMs = performance.now() + Number(process.env.READY_AFTER_MS ?? 0);
const seen = new WeakSet();
let saidReady = false;

const server = createServer((request, response) => {
  if (request.url === '/health') {
    saidReady ||= performance.now() >= readyAtMs;
    response.writeHead(saidReady ? 200 : 503).end();
    return;
  }
  console.log(JSON.stringify({ method: request.method, url: request.url, ready: saidReady }));
  const first = !seen.has(request.socket);
  seen.add(request.socket);
  if (request.url === '/reused' && !first) {
    request.socket.destroy();
    return;
  }
  if (request.url === '/cut') {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('x'.repeat(500), () => request.socket.destroy());
    return;
  }
  if (request.url === '/status') {
    request.socket.end('HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok');
    return;
  }
  request.resume();
  const named = {
    connection: 'keep-alive, x-private',
    'x-private': 'hop',
    'x-kept': 'end',
    'set-cookie': ['a=1', 'b=2'],
  };
  response.writeHead(200, named).end(JSON.stringify(request.headers));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
