/** A local program of the test's own with the example shop on it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { SERVED_BY_HEADER, type ServiceView } from '../../../src/local/api.ts';
import { LocalClient } from '../../../src/local/client.ts';
import { type LocalProgram, startLocal } from '../../../src/local/spawn.ts';
import type { Colour } from '../../../src/plan/types.ts';

export const SHOP_COMMAND = [
  process.execPath,
  fileURLToPath(new URL('../../../examples/app/server.mjs', import.meta.url)),
];
export const SERVICE = 'shop';
const PATIENCE_MS = 30_000;

export interface Workbench {
  client: LocalClient;
  /** The running program; `restart` replaces it. */
  program: LocalProgram;
  stateDir: string;
  /** Kills the program with SIGKILL and starts another on the same state and port. */
  killAndRestart(): Promise<void>;
  start(): Promise<void>;
  /** The program's own log. */
  log(): string;
  /** What the instances of the service wrote, all together. */
  output(): string;
  close(): Promise<void>;
}

export async function startWorkbench(options: { leaveInstances?: boolean } = {}): Promise<Workbench> {
  const root = mkdtempSync(join(tmpdir(), 'cutover-local-'));
  const stateDir = join(root, 'state');
  const logFile = join(root, 'local.log');
  const program = await startLocal({ stateDir, logFile, ...options });
  const port = Number(new URL(program.url).port);
  const bench: Workbench = {
    client: new LocalClient({ url: program.url }),
    program,
    stateDir,
    async killAndRestart() {
      kill(bench.program.pid, 'SIGKILL');
      await until(() => !isAlive(bench.program.pid), 'the program to end');
      await bench.start();
    },
    async start() {
      bench.program = await startLocal({ port, stateDir, logFile, ...options });
    },
    log: () => readFileSync(logFile, 'utf8'),
    output() {
      const folder = join(stateDir, 'logs', SERVICE);
      return readdirSync(folder)
        .map((name) => readFileSync(join(folder, name), 'utf8'))
        .join('');
    },
    async close() {
      await removeAll(bench).catch(() => undefined);
      await bench.program.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return bench;
}

/** A workbench that ends with the test. */
export async function workbenchForTest(options: { leaveInstances?: boolean } = {}): Promise<Workbench> {
  const bench = await startWorkbench(options);
  onTestFinished(() => bench.close(), 60_000);
  return bench;
}

async function removeAll({ client, program }: Workbench): Promise<void> {
  if (!isAlive(program.pid)) return;
  for (const { service } of await client.services()) await client.remove(service, true);
}

export interface ShopOptions {
  env?: Record<string, string>;
  drainMs?: number;
  blue?: { version: string; replicas: number };
  green?: { version: string; replicas: number };
}

/** Defines the shop and waits until what is asked for is ready. */
export async function runShop(client: LocalClient, options: ShopOptions = {}): Promise<ServiceView> {
  const env = { WARMUP_MS: '0', LOG_REQUESTS: '1', ...options.env };
  await client.define(SERVICE, { command: SHOP_COMMAND, env, drain_timeout_ms: options.drainMs ?? 5_000 });
  for (const colour of ['blue', 'green'] as const) {
    const asked = options[colour];
    if (asked !== undefined) await client.deploy(SERVICE, colour, asked);
  }
  return untilReady(client);
}

/** Waits until every instance asked for is ready and no other is left. */
export async function untilReady(client: LocalClient): Promise<ServiceView> {
  let view = await client.service(SERVICE);
  await until(async () => {
    view = await client.service(SERVICE);
    return Object.values(view.colours).every(
      ({ ready, desired, instances }) => ready === desired && instances.length === desired,
    );
  }, 'every instance to be ready');
  return view;
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endsAtMs = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > endsAtMs) throw new Error(`waited in vain for ${what}`);
    await sleep(20);
  }
}

/** A write past Cutover. */
export async function foreignShift(client: LocalClient, blue: number): Promise<void> {
  await client.shift(SERVICE, { weights: { blue, green: 100 - blue } }, '*');
}

/** What a counter of the router says for one colour and code. */
export async function counted(
  client: LocalClient,
  colour: Colour,
  code: number,
  name = 'cutover_router_requests_total',
): Promise<number> {
  const start = `${name}{service="${SERVICE}",colour="${colour}",code="${code}"} `;
  const line = (await client.metrics(SERVICE)).split('\n').find((one) => one.startsWith(start));
  return Number(line?.slice(start.length) ?? 0);
}

export interface Answer {
  status: number;
  text: string;
  colour: Colour | null;
  instance: string | null;
  version: string | null;
  headers: Headers;
}

export async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = await response.text();
  const [colour = null, instance = null, version = null] = response.headers.get(SERVED_BY_HEADER)?.split('/') ?? [];
  return {
    status: response.status,
    text,
    colour: colour as Colour | null,
    instance,
    version,
    headers: response.headers,
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has ended; only its parent has not asked yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  process.kill(pid, signal);
}

export function pids(view: ServiceView): number[] {
  const instances = Object.values(view.colours).flatMap((colour) => colour.instances);
  return instances
    .map(({ pid }) => pid)
    .filter((pid) => pid !== null)
    .sort((one, other) => one - other);
}

/** Resident memory of a process. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
