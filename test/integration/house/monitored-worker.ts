/** A worker process that is looked at through its port for metrics and health. */
import { join } from 'node:path';
import parsePrometheusTextFormat from 'parse-prometheus-text-format';
import { builtPath } from '../../../src/package-root.ts';
import { type SpawnedProcess, spawnProcess } from '../../support/processes.ts';

/** The built worker on a free port for metrics; does not wait until it is ready. */
export async function spawnMonitored(folder: string, name: string, ...args: string[]): Promise<SpawnedProcess> {
  const all = [builtPath('src/worker/main.js'), '--metrics-address', '0', ...args];
  const env = { TEMPORAL_ADDRESS: undefined, TEMPORAL_NAMESPACE: undefined, TEMPORAL_PROFILE: undefined };
  return spawnProcess({ command: process.execPath, args: all, logFile: join(folder, `${name}.log`), env });
}

export async function urlOf(worker: SpawnedProcess): Promise<string> {
  return JSON.parse(await worker.waitForLine(/metrics and health are served/, 30_000)).url;
}

export async function readiness(url: string): Promise<{ code: number; reason?: string }> {
  const answer = await fetch(`${url}/readyz`);
  return { code: answer.status, ...((await answer.json()) as { reason?: string }) };
}

/** The value of the series that has all of these labels; undefined: there is none. */
export function sample(page: string, name: string, labels: Record<string, string> = {}): number | undefined {
  // Without the TYPE lines every line of a histogram is a series of its own name.
  const families = parsePrometheusTextFormat(page.replace(/^# TYPE .*\n/gm, '')).filter((one) => one.name === name);
  const series = families
    .flatMap(({ metrics }) => metrics)
    .find((one) => Object.entries(labels).every(([label, value]) => (one.labels?.[label] ?? '') === value));
  return series === undefined ? undefined : Number(series.value);
}
