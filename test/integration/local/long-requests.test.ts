import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { LocalClient } from '../../../src/local/client.ts';
import { openSocket, openStream, runSockets } from './sockets.ts';
import { counted, foreignShift, get, SERVICE, until, untilReady, workbenchForTest } from './support.ts';

async function inFlight(client: LocalClient) {
  return (await client.router(SERVICE)).in_flight;
}

it('cuts neither a long answer nor a WebSocket in a switch, a rollback, and scaling of the other colour', async () => {
  const { client } = await workbenchForTest();
  const url = await runSockets(client, { drain_timeout_ms: 60_000 });
  const onBlue = { stream: await openStream(url), socket: await openSocket(url) };
  for (const share of [10, 50, 100]) {
    await foreignShift(client, 100 - share);
    await onBlue.stream.echo(`at ${share} `);
    expect(String(await onBlue.socket.echo(`at ${share}`))).toBe(`at ${share}`);
  }
  expect((await get(url)).colour).toBe('green');
  const onGreen = { stream: await openStream(url), socket: await openSocket(url) };
  expect([onGreen.stream.colour, onGreen.socket.colour]).toEqual(['green', 'green']);
  await client.deploy(SERVICE, 'green', { version: '2.0.0', replicas: 2 });
  await untilReady(client);
  expect(await inFlight(client)).toEqual({ blue: 2, green: 2 });

  await foreignShift(client, 100);
  await client.deploy(SERVICE, 'green', { version: '2.0.0', replicas: 0 });
  await until(async () => (await client.service(SERVICE)).colours.green.instances.length === 1, 'the idle one to go');
  for (const { stream, socket } of [onBlue, onGreen]) {
    await stream.echo('rolled back');
    expect(String(await socket.echo('rolled back'))).toBe('rolled back');
  }
  expect(await inFlight(client)).toEqual({ blue: 2, green: 2 });

  expect(await onBlue.stream.end()).toBe('begin at 10 at 50 at 100 rolled back');
  expect(await onGreen.stream.end()).toBe('begin rolled back');
  for (const { socket } of [onBlue, onGreen]) {
    socket.socket.close(1000);
    expect(await socket.ended).toBe(1000);
  }
  await untilReady(client);
  expect(await inFlight(client)).toEqual({ blue: 0, green: 0 });
  for (const [colour, requests] of [
    ['blue', 1],
    ['green', 2],
  ] as const) {
    expect(await counted(client, colour, 200)).toBe(requests);
    expect(await counted(client, colour, 101)).toBe(1);
    for (const code of [499, 502, 503, 504]) expect(await counted(client, colour, code)).toBe(0);
  }
});

it('gives a colour that is drained no longer than its limit, whatever is open on it', async () => {
  const { client } = await workbenchForTest();
  const url = await runSockets(client, { drain_timeout_ms: 500 });
  await foreignShift(client, 0);
  const stream = await openStream(url);
  const socket = await openSocket(url);
  await foreignShift(client, 100);
  // Weights alone end nothing, however long it takes.
  await sleep(1_000);
  await stream.echo('still here');
  expect(await inFlight(client)).toEqual({ blue: 0, green: 2 });
  await client.deploy(SERVICE, 'green', { version: '2.0.0', replicas: 0 });
  await untilReady(client);
  expect(await socket.ended).toBe(1006);
  await expect(stream.over).rejects.toThrow();
  await until(async () => (await inFlight(client)).green === 0, 'nothing to be in flight');
  expect(await counted(client, 'green', 502)).toBe(1);
  expect(await counted(client, 'green', 101)).toBe(1);
});
