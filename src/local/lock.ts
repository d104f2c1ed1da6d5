import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CutoverError } from '../errors.ts';

/**
 * Makes sure that one program at a time owns a state directory. On Linux the lock is a socket in the abstract namespace
 * (unix(7)): the kernel frees it when the owner ends, however it ends. CUTOVER_STATE_LOCKED when it is taken.
 */
export async function lockStateDirectory(stateDir: string): Promise<{ release(): void }> {
  const name = `cutover-local-${createHash('sha256').update(realpathSync(stateDir)).digest('hex').slice(0, 32)}`;
  const address = process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`);
  const server = createServer((socket) => socket.destroy());
  await listen(server, address, stateDir);
  server.unref();
  return { release: () => server.close() };
}

function listen(server: Server, address: string, stateDir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new CutoverError('CUTOVER_STATE_LOCKED', `another local program already uses ${stateDir}`, { cause }));
    });
    server.listen(address, resolve);
  });
}
