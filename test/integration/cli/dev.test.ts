import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli, startCli } from '../../support/cli.ts';
import { temporaryFolder } from '../../support/processes.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('dev');
});
afterAll(() => folder?.remove());

test('cutover dev runs everything for a deployment, replaces a lost worker, and ends all of it', {
  timeout: 150_000,
}, async () => {
  const dev = startCli(['dev', '--state', folder.path, '--rate', '50', '--json'], { limitMs: 140_000 });
  try {
    await dev.waitFor(/\n}\n$/, 60_000);
    const running = JSON.parse(dev.stdout()) as {
      temporal: string;
      service: { url: string; version: string };
      pids: Record<string, number>;
    };
    expect(running.service.version).toBe('1.0.0');
    expect((await fetch(running.service.url)).headers.get('x-cutover-served-by')).toMatch(/^blue\//);

    const second = await runCli(['dev', '--state', folder.path]);
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(`still runs (local ${running.pids.local}`);

    const address = running.temporal;
    expect((await runCli(['start', 'examples/local.yaml', '--set', 'version=1.1.0'], { address })).code).toBe(0);
    await expect.poll(() => weights(address), { timeout: 30_000, interval: 500 }).toEqual({ blue: 0, green: 100 });
    process.kill(running.pids.worker ?? 0, 'SIGKILL');
    expect((await runCli(['rollback', 'checkout'], { address })).code).toBe(0);
    await expect.poll(() => weights(address), { timeout: 30_000, interval: 500 }).toEqual({ blue: 100, green: 0 });

    dev.kill('SIGINT');
    const ended = await dev.result;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/the worker was lost; started again as \d+/);
    for (const pid of Object.values(running.pids)) expect(() => process.kill(pid, 0)).toThrow();
  } finally {
    dev.kill('SIGTERM');
    await Promise.race([dev.result, sleep(20_000)]);
  }
});

async function weights(address: string): Promise<unknown> {
  const { stdout } = await runCli(['status', 'checkout', '--json'], { address });
  return (JSON.parse(stdout) as { weights: unknown }).weights;
}
