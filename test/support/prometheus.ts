/** A real Prometheus on 127.0.0.1, and pages for it to read. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { freePort } from './ports.ts';
import { spawnProcess, temporaryFolder } from './processes.ts';

export interface Listening {
  url: string;
  /** Host and port. */
  host: string;
  close(): Promise<void>;
}

/** An HTTP server on a free port of 127.0.0.1. */
export async function listen(answer: RequestListener): Promise<Listening> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Its version; throws where there is none on PATH. */
export function prometheusVersion(): string {
  const text = execFileSync('prometheus', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return /version (\S+)/.exec(text)?.[1] ?? 'unknown';
}

export interface PrometheusOptions {
  /** Job → hosts whose `/metrics` is read every second. */
  jobs: Record<string, string[]>;
  /** Flags beside those that a test needs. */
  flags?: string[];
}

export interface Prometheus {
  url: string;
  /** The vector's values of one query, in no order. */
  query(text: string): Promise<number[]>;
  /** Waits until the query gives something and all of it is at least `least`. */
  until(text: string, least: number, timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Reads its jobs every second, and keeps what it reads in a folder that goes when it stops. */
export async function startPrometheus({ jobs, flags = [] }: PrometheusOptions): Promise<Prometheus> {
  const folder = await temporaryFolder('prometheus');
  const port = await freePort();
  const config = join(folder.path, 'prometheus.yml');
  const scrape_configs = Object.entries(jobs).map(([job_name, targets]) => ({
    job_name,
    static_configs: [{ targets }],
  }));
  await writeFile(config, stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs }));
  const program = await spawnProcess({
    command: 'prometheus',
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...flags,
    ],
    logFile: join(folder.path, 'prometheus.log'),
  });
  const url = `http://127.0.0.1:${port}`;
  async function query(text: string): Promise<number[]> {
    const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: text })}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result.map(({ value }) => Number(value[1]));
  }
  async function stop() {
    await program.stop();
    await folder.remove();
  }
  try {
    await program.waitForLine(/Server is ready to receive web requests/, 20_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    query,
    stop,
    async until(text, least, timeoutMs = 20_000) {
      const limit = Date.now() + timeoutMs;
      for (;;) {
        const values = await query(text);
        if (values.length > 0 && values.every((value) => value >= least)) return;
        if (Date.now() > limit) throw new Error(`${text} gave ${JSON.stringify(values)} for ${timeoutMs} ms`);
        await sleep(200);
      }
    },
  };
}
