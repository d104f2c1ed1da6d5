import { request } from 'node:http';

export type ProbeResult =
  | { kind: 'ready' }
  /** Whatever listens there says that it is not ready, or nothing listens: certain. */
  | { kind: 'refused'; reason: string }
  /** It did not answer in time or broke off: it may only be slow. */
  | { kind: 'unclear'; reason: string };

/** GET on a new connection, so that the answer also proves that connections are accepted. Never rejects. */
export function probeHealth(port: number, path: string, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const headers = { 'user-agent': 'cutover-local-probe', connection: 'close' };
    const call = request({ host: '127.0.0.1', port, path, agent: false, headers }, (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      resolve(
        status >= 200 && status < 300
          ? { kind: 'ready' }
          : { kind: 'refused', reason: `GET ${path} answered ${status}` },
      );
    });
    const limit = setTimeout(() => call.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    call.once('close', () => clearTimeout(limit));
    call.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'ECONNREFUSED' ? 'nothing listens on its port' : error.message;
      resolve({ kind: error.code === 'ECONNREFUSED' ? 'refused' : 'unclear', reason: `GET ${path}: ${reason}` });
    });
    call.end();
  });
}
