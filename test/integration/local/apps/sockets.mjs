/**
 * An application with WebSockets. Each that opens is told the headers of its handshake; what it sends comes back.
 * /status    answers a handshake with a status line that must not be passed on
 * /refuse    answers a handshake with 401 and a cookie of its own
 * /drop      breaks a handshake off without an answer
 * /half      answers a handshake with half of what it announced
 * /hang      never answers
 * /deaf      accepts no further connection from then on
 * /eager     sends its first message together with the answer to the handshake
 * /crash     ends the process once the WebSocket is open
 * /stream    answers an ordinary request with its body, while that is still being sent
 * Other requests get their headers and body back as JSON. SIGTERM ends it at once, whatever is open.
 */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const sockets = new WebSocketServer({ noServer: true });

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://local');
  if (url.pathname === '/hang') return;
  if (url.pathname === '/stream') {
    request.pipe(response);
    return;
  }
  if (url.pathname === '/deaf') server.close();
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  response.setHeader('set-cookie', ['cart=7; Path=/', 'theme=dark']);
  response.end(JSON.stringify({ method: request.method, headers: request.headers, body }));
});

const HANDSHAKES = {
  '/hang': () => undefined,
  '/drop': (socket) => socket.destroy(),
  '/half': (socket) =>
    socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\nhalf', () => socket.destroy()),
  '/status': (socket) => socket.end('HTTP/1.1 403 N\x01O\r\nContent-Length: 2\r\n\r\nno'),
  '/refuse': (socket) =>
    socket.end(
      'HTTP/1.1 401 Unauthorized\r\nSet-Cookie: cart=7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n',
    ),
};

server.on('upgrade', (request, socket, head) => {
  const { pathname } = new URL(request.url, 'http://local');
  socket.on('error', () => undefined);
  const special = HANDSHAKES[pathname];
  if (special !== undefined) {
    special(socket);
    return;
  }
  if (pathname === '/eager') socket.cork();
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.send(JSON.stringify(request.headers));
    if (pathname === '/eager') socket.uncork();
    if (pathname === '/crash') setTimeout(() => process.exit(1), 50);
    webSocket.on('message', (data, binary) => webSocket.send(data, { binary }));
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
