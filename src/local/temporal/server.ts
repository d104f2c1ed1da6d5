import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CutoverError } from '../../errors.ts';
import { SEARCH_ATTRIBUTES } from '../../workflows/api.ts';
import { ensureTemporalCli } from './cli.ts';
import { freePorts } from './free-port.ts';
import { namespaceProblem } from './namespace-ready.ts';
import { exitOf, stopChild } from './stop-child.ts';

const READY_LIMIT_MS = 30_000;
const STOP_GRACE_MS = 5_000;
/** Another process may take a port between choosing it and listening on it. */
const PORT_ATTEMPTS = 3;

export interface StartTemporalOptions {
  /** gRPC; a free one when absent. */
  port?: number | undefined;
  uiPort?: number | undefined;
  /** SQLite file that survives the server; in memory when absent. */
  dbFile?: string | undefined;
  logFile: string;
  /** What CUTOVER_TEMPORAL_CLI says. */
  cliPath?: string | undefined;
  onProgress?: ((line: string) => void) | undefined;
}

export interface TemporalServer {
  /** host:port of the gRPC front end. */
  address: string;
  uiUrl: string;
  pid: number;
  /** Resolves when the server has ended, whoever ended it. */
  exited: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a Temporal server with Web UI on 127.0.0.1 and waits until its namespace `default` answers and knows the
 * Deploy… search attributes. It has a process group of its own: Ctrl-C reaches the caller first, who stops it last.
 * Throws CUTOVER_TEMPORAL_CLI_MISSING or CUTOVER_TEMPORAL_START_FAILED.
 */
export async function startTemporal(options: StartTemporalOptions): Promise<TemporalServer> {
  const cli = await ensureTemporalCli({ cliPath: options.cliPath, onProgress: options.onProgress });
  await mkdir(dirname(options.logFile), { recursive: true });
  if (options.dbFile !== undefined) await mkdir(dirname(options.dbFile), { recursive: true });

  const attempts = options.port === undefined || options.uiPort === undefined ? PORT_ATTEMPTS : 1;
  for (let attempt = 1; ; attempt++) {
    const [freePort = 0, freeUiPort = 0] = await freePorts(2);
    const ports = { port: options.port ?? freePort, uiPort: options.uiPort ?? freeUiPort };
    const child = spawnServer(cli, ports, options);
    const address = `127.0.0.1:${ports.port}`;
    const problem = await untilReady(child, address);
    if (problem === null) return describe(child, address, ports.uiPort);

    await stopChild(child, 1_000);
    if (attempt < attempts && problem.kind === 'ended') continue;
    const tail = await lastLines(options.logFile);
    const message = `The Temporal server did not start (${problem.reason}). Its log, ${options.logFile}, ends:\n${tail}`;
    throw new CutoverError('CUTOVER_TEMPORAL_START_FAILED', message, { details: { address, log: options.logFile } });
  }
}

function spawnServer(
  cli: string,
  ports: { port: number; uiPort: number },
  options: Pick<StartTemporalOptions, 'dbFile' | 'logFile'>,
): ChildProcess {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--ui-disable-news-fetch'];
  args.push('--port', String(ports.port), '--ui-port', String(ports.uiPort));
  if (options.dbFile !== undefined) args.push('--db-filename', options.dbFile);
  for (const name of SEARCH_ATTRIBUTES) args.push('--search-attribute', `${name}=Keyword`);
  const log = openSync(options.logFile, 'a');
  try {
    const child = spawn(cli, args, { stdio: ['ignore', log, log], detached: true });
    endWithCaller(child);
    return child;
  } finally {
    closeSync(log);
  }
}

/** A caller that exits without `stop` leaves no server behind; after SIGKILL of the caller one stays. */
function endWithCaller(child: ChildProcess): void {
  const end = () => void child.kill('SIGTERM');
  process.once('exit', end);
  void exitOf(child).then(() => process.off('exit', end));
}

interface StartProblem {
  kind: 'ended' | 'silent';
  reason: string;
}

async function untilReady(child: ChildProcess, address: string): Promise<StartProblem | null> {
  let ended: string | null = null;
  void exitOf(child).then((how) => {
    ended = `it ended with ${how ?? 'an error'}`;
  });
  const limit = Date.now() + READY_LIMIT_MS;
  let reason: string | null = 'never asked';
  while (ended === null && Date.now() < limit) {
    reason = await namespaceProblem(address, 'default');
    // Somebody else's server may answer on this port: ours must still be alive a moment later.
    if (reason === null) {
      await sleep(50);
      return ended === null ? null : { kind: 'ended', reason: ended };
    }
    await sleep(50);
  }
  if (ended !== null) return { kind: 'ended', reason: ended };
  return { kind: 'silent', reason: `no answer in ${READY_LIMIT_MS / 1000} s: ${reason}` };
}

function describe(child: ChildProcess, address: string, uiPort: number): TemporalServer {
  const { pid } = child;
  if (pid === undefined) throw new CutoverError('CUTOVER_INTERNAL', 'a server that answers has no process id');
  return {
    address,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    pid,
    exited: exitOf(child).then(() => undefined),
    stop: () => stopChild(child, STOP_GRACE_MS),
  };
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-5).join('\n');
}
