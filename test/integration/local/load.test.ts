import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { foreignShift, runShop, SERVICE, workbenchForTest } from './support.ts';

const FLIPS = 100;
const RATE_PER_SECOND = 300;
const ONE = { version: '1.0.0', replicas: 1 };

it('loses no request in 100 full switches under load', async () => {
  const { client } = await workbenchForTest();
  const view = await runShop(client, { blue: { ...ONE, replicas: 2 }, green: { version: '2.0.0', replicas: 2 } });
  const load = startLoad(view.public_url);
  for (let flip = 0; flip < FLIPS; flip += 1) {
    await foreignShift(client, flip % 2 === 0 ? 0 : 100);
    await sleep(50);
  }
  const { answered, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(answered.blue).toBeGreaterThan(0);
  expect(answered.green).toBeGreaterThan(0);
  const text = await client.metrics(SERVICE);
  const counted = [...text.matchAll(/^cutover_router_requests_total\{.*code="200"\} (\d+)$/gm)];
  expect(counted.reduce((sum, [, value]) => sum + Number(value), 0)).toBe(answered.blue + answered.green);
});

it('loses no request while the standby colour is deployed, shifted to, scaled and removed, again and again', async () => {
  const { client } = await workbenchForTest();
  const view = await runShop(client, { blue: { ...ONE, replicas: 2 } });
  const load = startLoad(view.public_url);
  for (let round = 1; round <= 4; round += 1) {
    const [standby, active] = round % 2 === 1 ? (['green', 'blue'] as const) : (['blue', 'green'] as const);
    await client.deploy(SERVICE, standby, { version: `${round}.1.0`, replicas: 2 });
    await expect.poll(async () => (await client.service(SERVICE)).colours[standby].ready, { timeout: 20_000 }).toBe(2);
    for (const share of [10, 50, 100]) {
      await foreignShift(client, standby === 'green' ? 100 - share : share);
      await sleep(100);
    }
    await client.deploy(SERVICE, active, {
      version: (await client.service(SERVICE)).colours[active].version ?? '',
      replicas: 0,
    });
  }
  const { answered, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(answered.blue + answered.green).toBeGreaterThan(100);
});

interface LoadReport {
  answered: { blue: number; green: number };
  failures: string[];
}

/** An open load: requests start at their times whether or not earlier ones were answered; at most 64 at once, 2 min. */
function startLoad(url: string): { stop(): Promise<LoadReport> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const report: LoadReport = { answered: { blue: 0, green: 0 }, failures: [] };
  const pending = new Set<Promise<void>>();
  let stopped = false;
  const startedMs = performance.now();
  const running = (async () => {
    for (let sent = 0; !stopped && performance.now() - startedMs < 120_000; ) {
      const due = Math.floor(((performance.now() - startedMs) / 1_000) * RATE_PER_SECOND);
      for (; sent < due; sent += 1) {
        const one = ask(url, agent, report);
        pending.add(one);
        void one.then(() => pending.delete(one));
      }
      await sleep(5);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
      await Promise.all(pending);
      agent.destroy();
      return report;
    },
  };
}

function ask(url: string, agent: Agent, report: LoadReport): Promise<void> {
  return new Promise((resolve) => {
    const fail = (reason: string) => {
      report.failures.push(reason);
      resolve();
    };
    const call = request(url, { agent }, (response) => {
      const served = String(response.headers['x-cutover-served-by']);
      response.resume();
      response.once('error', (error) => fail(`${served}: ${error.message}`));
      response.once('end', () => {
        if (response.statusCode !== 200) return fail(`${served}: ${response.statusCode}`);
        report.answered[served.startsWith('green') ? 'green' : 'blue'] += 1;
        return resolve();
      });
    });
    call.once('error', (error) => fail(error.message));
    call.end();
  });
}
