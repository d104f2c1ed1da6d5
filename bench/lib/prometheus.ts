/** A Prometheus that reads one page every second, and a page: two colours of a service under a steady load. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Histogram, Registry } from 'prom-client';
import { stringify } from 'yaml';
import { freePorts } from '../../src/local/temporal/free-port.ts';
import { exitOf, stopChild } from '../../src/local/temporal/stop-child.ts';
import { until } from './clock.ts';

export interface BenchPrometheus {
  url: string;
  stop(): Promise<void>;
}

const ROUTES = 10;
const STATUSES = ['200', '404', '500'];

export interface BenchPage {
  /** Host and port. */
  host: string;
  close(): Promise<void>;
}

/**
 * In a folder of that name; ready once the page, which it closes in the end, has been read `scrapes` times. Throws where no
 * `prometheus` is on PATH.
 */
export async function startPrometheus(
  folder: string,
  name: string,
  page: BenchPage,
  scrapes: number,
): Promise<BenchPrometheus> {
  const [port = 0] = await freePorts(1);
  const home = join(folder, name);
  await mkdir(home, { recursive: true });
  const scrape_configs = [{ job_name: 'bench', static_configs: [{ targets: [page.host] }] }];
  await writeFile(join(home, 'prometheus.yml'), stringify({ global: { scrape_interval: '1s' }, scrape_configs }));
  const flags = [`--config.file=${join(home, 'prometheus.yml')}`, `--storage.tsdb.path=${join(home, 'data')}`];
  const child = spawn('prometheus', [...flags, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = exitOf(child);
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await stopChild(child, 10_000);
    await page.close();
  };
  try {
    const query = new URLSearchParams({ query: 'max(count_over_time(up[5m]))' });
    const isRead = async () => {
      const answer = await fetch(`${url}/api/v1/query?${query}`);
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      return Number(data.result[0]?.value[1]) >= scrapes;
    };
    const isGone = ended.then(() => {
      throw new Error('prometheus has ended');
    });
    const limit = { limitMs: 60_000, pauseMs: 250 };
    await Promise.race([until(() => isRead().catch(() => false), 'scrapes by prometheus', limit), isGone]);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function steadyPage(): Promise<BenchPage> {
  const registry = new Registry();
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Durations.',
    labelNames: ['service', 'colour', 'route', 'status_code'],
    registers: [registry],
  });
  const load = setInterval(() => {
    for (const colour of ['blue', 'green']) {
      for (let route = 0; route < ROUTES; route += 1) {
        for (const status_code of STATUSES) {
          durations.observe({ service: 'bench', colour, route: `/r${route}`, status_code }, 0.001 * (1 + route));
        }
      }
    }
  }, 100);
  const server = createServer((_, response) => void registry.metrics().then((text) => response.end(text)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      clearInterval(load);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
