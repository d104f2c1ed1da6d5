#!/usr/bin/env node
/** The local program: supervises the instances of services and routes HTTP between their colours. */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { getRequestListener } from '@hono/node-server';
import { type Logger, pino } from 'pino';
import { CutoverError } from '../errors.ts';
import { createAdmin } from './admin.ts';
import { DEFAULT_ADMIN_PORT } from './api.ts';
import { lockStateDirectory } from './lock.ts';
import { createServices } from './services.ts';
import { createStore } from './store.ts';
import { hostInUrl } from './views.ts';

const USAGE = `usage: main.js --state DIR [--port ${DEFAULT_ADMIN_PORT}] [--host 127.0.0.1] [--leave-instances]

  --state DIR         where definitions, weights and logs are kept
  --port PORT         of the admin API; 0 chooses a free one
  --host HOST         address that the admin API and the services' public ports listen on
  --leave-instances   on SIGTERM, leave the instances running for a successor on the same state`;

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]', '::1'];

interface Settings {
  stateDir: string;
  port: number;
  host: string;
  leaveInstances: boolean;
}

/** Null: the arguments are not right. */
function readSettings(args: string[]): Settings | null {
  try {
    const { values } = parseArgs({
      args,
      options: {
        state: { type: 'string' },
        port: { type: 'string', default: String(DEFAULT_ADMIN_PORT) },
        host: { type: 'string', default: '127.0.0.1' },
        'leave-instances': { type: 'boolean', default: false },
      },
    });
    const port = Number(values.port);
    if (values.state === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return null;
    return { stateDir: values.state, port, host: values.host, leaveInstances: values['leave-instances'] };
  } catch {
    return null;
  }
}

async function run(settings: Settings, log: Logger): Promise<void> {
  mkdirSync(settings.stateDir, { recursive: true });
  const lock = await lockStateDirectory(settings.stateDir);
  const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const services = createServices({
    ...{ store: createStore(settings.stateDir), publicHost: settings.host, log },
    ...{ baseEnv: Object.fromEntries(environment), takenPorts: new Set() },
  });
  await services.load();
  const admin = createAdmin({ services, hosts: LOOPBACK.includes(settings.host) ? LOOPBACK : null, log });
  const server = createServer(getRequestListener(admin.fetch));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: settings.port, host: settings.host }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://${hostInUrl(settings.host)}:${port}`;
  log.info({ url, state: settings.stateDir, pid: process.pid }, 'the local program listens');
  // Whoever started this program with a channel waits for the address.
  process.send?.({ url });

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal, leaveInstances: settings.leaveInstances }, 'stopping');
    server.close();
    server.closeIdleConnections();
    services.close(settings.leaveInstances).then(
      () => {
        lock.release();
        log.info('stopped');
        process.exit(0);
      },
      (error) => fail(log, error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function fail(log: Logger, error: unknown): never {
  const known = error instanceof CutoverError;
  log.fatal(known ? { code: error.code, hint: error.hint } : { err: error }, known ? error.message : 'failed');
  process.exit(1);
}

const settings = readSettings(process.argv.slice(2));
if (settings === null) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
// Synchronous, so that nothing is lost when the program ends.
const logger = pino({ name: 'cutover-local' }, pino.destination({ dest: 1, sync: true }));
run(settings, logger).catch((error) => fail(logger, error));
