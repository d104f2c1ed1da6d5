import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  foreignShift,
  get,
  isAlive,
  kill,
  pids,
  runShop,
  SERVICE,
  until,
  untilReady,
  workbenchForTest,
} from './support.ts';

const ONE = { version: '1.0.0', replicas: 1 };
const TWO = { version: '1.0.0', replicas: 2 };

it('starts a crashed instance again, while the other one answers', async () => {
  const { client } = await workbenchForTest();
  const view = await runShop(client, { blue: TWO });
  const [victim, other] = view.colours.blue.instances;
  kill(victim?.pid ?? 0, 'SIGKILL');
  for (let sent = 0; sent < 50; sent += 1) expect((await get(view.public_url)).status).toBe(200);
  await until(async () => {
    const { ready, instances } = (await client.service(SERVICE)).colours.blue;
    return ready === 2 && instances.every(({ id }) => id !== victim?.id);
  }, 'the replacement');
  expect((await client.service(SERVICE)).colours.blue.instances.map(({ pid }) => pid)).toContain(other?.pid);
});

it('waits longer and longer for an instance that crashes at once', async () => {
  const { client, log } = await workbenchForTest();
  await client.define(SERVICE, { command: [process.execPath, '-e', 'process.exit(3)'] });
  await client.deploy(SERVICE, 'blue', ONE);
  await sleep(2_500);
  const { instances, ready } = (await client.service(SERVICE)).colours.blue;
  expect(ready).toBe(0);
  expect(instances[0]?.reason).toMatch(/ended with code 3|starting|GET \/health/);
  // 100, 200, 400, 800, 1600 ms: without backoff there would be dozens.
  expect(log().match(/instance started/g)?.length).toBeLessThanOrEqual(6);
});

it('lets long requests end before it stops what they run on', async () => {
  const { client } = await workbenchForTest();
  const view = await runShop(client, { blue: ONE, green: ONE, drainMs: 10_000 });
  const [old] = view.colours.blue.instances;
  const slow = Array.from({ length: 10 }, () => get(`${view.public_url}/slow?ms=1500`));
  await until(async () => (await client.router(SERVICE)).in_flight.blue === 10, 'the requests to be in flight');
  await foreignShift(client, 0);
  await client.deploy(SERVICE, 'blue', { version: '2.0.0', replicas: 1 });
  expect(isAlive(old?.pid ?? 0)).toBe(true);
  const answers = await Promise.all(slow);
  expect(answers.map(({ status, version }) => ({ status, version }))).toEqual(
    Array.from({ length: 10 }, () => ({ status: 200, version: '1.0.0' })),
  );
  await until(() => !isAlive(old?.pid ?? 0), 'the old instance to stop');
  expect((await untilReady(client)).colours.blue.version).toBe('2.0.0');
});

it('stops an instance at the drain limit, whatever runs on it', async () => {
  const { client } = await workbenchForTest();
  const view = await runShop(client, { blue: ONE, green: ONE, drainMs: 200 });
  const [old] = view.colours.blue.instances;
  const endless = get(`${view.public_url}/slow?ms=60000`).catch(() => null);
  await until(async () => (await client.router(SERVICE)).in_flight.blue === 1, 'the request to be in flight');
  await foreignShift(client, 0);
  await client.deploy(SERVICE, 'blue', { version: '1.0.0', replicas: 0 });
  await until(() => !isAlive(old?.pid ?? 0), 'the instance to be killed');
  await endless;
});

it('on SIGTERM answers what is in flight, stops every instance, and starts them again when it is back', async () => {
  const bench = await workbenchForTest();
  const view = await runShop(bench.client, { blue: TWO, drainMs: 10_000 });
  await foreignShift(bench.client, 100);
  const { revision } = await bench.client.router(SERVICE);
  const slow = get(`${view.public_url}/slow?ms=1000`);
  await until(async () => (await bench.client.router(SERVICE)).in_flight.blue === 1, 'the request to be in flight');
  const stopped = bench.program.stop();
  expect((await slow).status).toBe(200);
  await stopped;
  expect(pids(view).filter(isAlive)).toEqual([]);
  await bench.start();
  const back = await untilReady(bench.client);
  expect(back.public_url).toBe(view.public_url);
  expect(back.router.revision).toBe(revision);
  expect((await get(back.public_url)).status).toBe(200);
});

it('leaves nothing behind of an instance that had started others', async () => {
  const { client } = await workbenchForTest();
  const script = `
    const { spawn } = require('node:child_process');
    const child = spawn('sleep', ['300']);
    require('node:http').createServer((_, response) => response.end(String(child.pid))).listen(process.env.PORT, '127.0.0.1');`;
  await client.define(SERVICE, { command: [process.execPath, '-e', script] });
  await client.deploy(SERVICE, 'blue', ONE);
  const view = await untilReady(client);
  const child = Number((await get(view.public_url)).text);
  expect(isAlive(child)).toBe(true);
  kill(view.colours.blue.instances[0]?.pid ?? 0, 'SIGKILL');
  await until(() => !isAlive(child), 'what the instance had started to end');
});

it("does not take a stranger on the instance's port for the instance", async () => {
  const { client } = await workbenchForTest();
  // The instance leaves its port to a process that is not its descendant any more.
  const script = `
    const { spawn } = require('node:child_process');
    const server = "require('node:http').createServer((_, response) => response.end()).listen(process.env.PORT, '127.0.0.1'); setTimeout(() => process.exit(), 15000)";
    const starter = "require('node:child_process').spawn(process.execPath, ['-e', process.argv[1]], { detached: true, stdio: 'ignore' }).unref()";
    spawn(process.execPath, ['-e', starter, server]);
    setInterval(() => {}, 1000);`;
  await client.define(SERVICE, { command: [process.execPath, '-e', script] });
  await client.deploy(SERVICE, 'blue', ONE);
  await until(async () => {
    const [instance] = (await client.service(SERVICE)).colours.blue.instances;
    return /held by another process/.test(instance?.reason ?? '');
  }, 'the stranger to be noticed');
  expect((await client.service(SERVICE)).colours.blue.ready).toBe(0);
});
