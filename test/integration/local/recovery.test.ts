import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startLocal } from '../../../src/local/spawn.ts';
import { get, isAlive, kill, pids, runShop, SERVICE, until, untilReady, workbenchForTest } from './support.ts';

const ONE = { version: '1.0.0', replicas: 1 };
const TWO = { version: '1.0.0', replicas: 2 };
const GREEN_TOO = { version: '2.0.0', replicas: 1 };

it('comes back after SIGKILL with weights, fence, ports and the very same instances', async () => {
  const bench = await workbenchForTest();
  const before = await runShop(bench.client, { blue: TWO, green: GREEN_TOO });
  const fence = { run: 'run-1', epoch: 1, step: 0 };
  const claimed = await bench.client.claim(SERVICE, fence, before.router.revision);
  const weights = { blue: 75, green: 25 };
  const offer = { weights, fence: { ...fence, step: 1 } };
  const shifted = await bench.client.shift(SERVICE, offer, claimed.state.revision);
  await bench.killAndRestart();
  const after = await bench.client.service(SERVICE);
  expect(after.router).toEqual(shifted.state);
  expect(after.public_url).toBe(before.public_url);
  expect(pids(after)).toEqual(pids(before));
  expect(after.colours).toMatchObject({ blue: { ready: 2, desired: 2 }, green: { ready: 1, desired: 1 } });
  const colours = new Set<string | null>();
  for (let sent = 0; sent < 8; sent += 1) colours.add((await get(after.public_url)).colour);
  expect(colours).toEqual(new Set(['blue', 'green']));
  const again = await bench.client.shift(SERVICE, offer, claimed.state.revision);
  expect(again.kind).toBe('already');
});

it('has every answered write on disk when it is killed at any moment', async () => {
  const bench = await workbenchForTest();
  await runShop(bench.client, { blue: ONE, green: ONE });
  let { state } = await bench.client.claim(
    SERVICE,
    { run: 'a', epoch: 1, step: 0 },
    (await bench.client.router(SERVICE)).revision,
  );
  let step = 0;
  for (let round = 0; round < 5; round += 1) {
    const killed = sleep(30 + round * 17).then(() => kill(bench.program.pid, 'SIGKILL'));
    for (;;) {
      const weights = step % 2 === 0 ? { blue: 0, green: 100 } : { blue: 100, green: 0 };
      const offer = { weights, fence: { run: 'a', epoch: 1, step: step + 1 } };
      const answer = await bench.client
        .shift(SERVICE, offer, state.revision, AbortSignal.timeout(500))
        .catch(() => null);
      if (answer === null) break;
      expect(answer.kind).toBe('written');
      state = answer.state;
      step += 1;
    }
    await killed;
    await until(() => !isAlive(bench.program.pid), 'the program to end');
    await bench.start();
    const stored = await bench.client.router(SERVICE);
    // The write without an answer may have been made, or not; nothing else may have.
    expect([step, step + 1]).toContain(stored.fence?.step);
    expect(stored.weights.green).toBe((stored.fence?.step ?? 0) % 2 === 1 ? 100 : 0);
    step = stored.fence?.step ?? 0;
    state = stored;
  }
  expect(step).toBeGreaterThan(0);
});

it('starts again what ended while it was away', async () => {
  const bench = await workbenchForTest();
  const before = await runShop(bench.client, { blue: TWO });
  const [victim, survivor] = before.colours.blue.instances.map(({ pid }) => pid ?? 0);
  kill(bench.program.pid, 'SIGKILL');
  await until(() => !isAlive(bench.program.pid), 'the program to end');
  kill(victim ?? 0, 'SIGKILL');
  await bench.start();
  const after = await untilReady(bench.client);
  expect(pids(after)).toContain(survivor);
  expect(pids(after)).not.toContain(victim);
});

it('notices the end of an adopted instance', async () => {
  const bench = await workbenchForTest();
  const before = await runShop(bench.client, { blue: ONE });
  await bench.killAndRestart();
  kill(pids(before)[0] ?? 0, 'SIGKILL');
  await until(async () => {
    const view = await bench.client.service(SERVICE);
    return view.colours.blue.ready === 1 && pids(view)[0] !== pids(before)[0];
  }, 'the replacement');
});

it('drains and stops adopted instances like its own', async () => {
  const bench = await workbenchForTest();
  const before = await runShop(bench.client, { blue: ONE, green: GREEN_TOO });
  await bench.killAndRestart();
  await bench.client.deploy(SERVICE, 'green', { ...GREEN_TOO, replicas: 0 });
  const green = before.colours.green.instances[0]?.pid ?? 0;
  await until(() => !isAlive(green), 'the adopted instance to stop');
  expect(bench.output()).toContain('"stopping":true');
});

it('never adopts a stranger that got the pid of an instance', async () => {
  const bench = await workbenchForTest();
  await runShop(bench.client, { blue: ONE });
  kill(bench.program.pid, 'SIGKILL');
  await until(() => !isAlive(bench.program.pid), 'the program to end');
  const path = join(bench.stateDir, 'services', SERVICE, 'service.json');
  const file = JSON.parse(readFileSync(path, 'utf8')) as { instances: { pid: number }[] };
  const real = file.instances[0]?.pid ?? 0;
  for (const instance of file.instances) instance.pid = process.pid;
  writeFileSync(path, JSON.stringify(file));
  await bench.start();
  const view = await untilReady(bench.client);
  expect(pids(view)).not.toContain(process.pid);
  // Forged as it was, nobody knows of the real one any more.
  kill(real, 'SIGKILL');
});

it('finds an instance that was started but not yet written down', async () => {
  const bench = await workbenchForTest();
  const before = await runShop(bench.client, { blue: ONE });
  kill(bench.program.pid, 'SIGKILL');
  await until(() => !isAlive(bench.program.pid), 'the program to end');
  const path = join(bench.stateDir, 'services', SERVICE, 'service.json');
  const file = JSON.parse(readFileSync(path, 'utf8')) as { instances: { pid: null; identity: null }[] };
  for (const instance of file.instances) Object.assign(instance, { pid: null, identity: null });
  writeFileSync(path, JSON.stringify(file));
  await bench.start();
  expect(pids(await untilReady(bench.client))).toEqual(pids(before));
});

it('leaves the instances to its successor when asked to', async () => {
  const bench = await workbenchForTest({ leaveInstances: true });
  const before = await runShop(bench.client, { blue: TWO });
  await bench.program.stop();
  expect(pids(before).every(isAlive)).toBe(true);
  await bench.start();
  expect(pids(await untilReady(bench.client))).toEqual(pids(before));
});

it('refuses a second program on the same state', async () => {
  const bench = await workbenchForTest();
  const logFile = join(bench.stateDir, 'second.log');
  await expect(startLocal({ stateDir: bench.stateDir, logFile })).rejects.toMatchObject({
    code: 'CUTOVER_LOCAL_NOT_STARTED',
  });
  expect(readFileSync(logFile, 'utf8')).toContain('CUTOVER_STATE_LOCKED');
  await bench.client.health();
});

it('refuses to start on state that it cannot read, and names the file', async () => {
  const bench = await workbenchForTest();
  await runShop(bench.client, { blue: ONE });
  await bench.program.stop();
  const path = join(bench.stateDir, 'services', SERVICE, 'router.json');
  const good = readFileSync(path, 'utf8');
  writeFileSync(path, '{"weights":');
  await expect(bench.start()).rejects.toMatchObject({ code: 'CUTOVER_LOCAL_NOT_STARTED' });
  expect(bench.log()).toContain(path);
  writeFileSync(path, good);
  await bench.start();
});

it('goes on deleting a service after it was killed in the middle', async () => {
  const bench = await workbenchForTest();
  const view = await runShop(bench.client, { blue: ONE, drainMs: 20_000 });
  const slow = get(`${view.public_url}/slow?ms=3000`).catch(() => null);
  await until(async () => (await bench.client.router(SERVICE)).in_flight.blue === 1, 'the request to be in flight');
  const removing = bench.client.remove(SERVICE, true).catch(() => null);
  await sleep(300);
  await bench.killAndRestart();
  await Promise.all([slow, removing]);
  expect(await bench.client.services()).toEqual([]);
  expect(pids(view).filter(isAlive)).toEqual([]);
});
