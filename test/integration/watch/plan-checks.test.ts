import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchInput } from '../../../src/activities/watch-types.ts';
import type { CheckPlan, Criterion, HttpCall } from '../../../src/plan/types.ts';
import { createWatchWorld, criteria, START_MS, type WatchWorld } from '../../support/watch-world.ts';
import { ANSWERS, type Receiver, SECRET, startReceiver } from './call-support.ts';

let world: WatchWorld;
let receiver: Receiver;
let scripts: string;
beforeEach(async () => {
  world = await createWatchWorld();
  receiver = await startReceiver();
  scripts = mkdtempSync(join(tmpdir(), 'cutover-checks-'));
});
afterEach(async () => {
  await world.stop();
  await receiver.stop();
  rmSync(scripts, { recursive: true, force: true });
});

const CHECK = criteria('cache_preloaded');

function http(over: Partial<HttpCall>, timeout_ms = 1_000): CheckPlan {
  return {
    call: { kind: 'http', method: 'GET', url: '/warm', headers: {}, json: null, status: null, ...over },
    timeout_ms,
  };
}

function script(lines: string[], timeout_ms = 5_000, env: Record<string, string | { env: string }> = {}): CheckPlan {
  writeFileSync(join(scripts, 'check'), `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
  return { call: { kind: 'script', command: ['check'], env }, timeout_ms };
}

function windowOf(check: CheckPlan, seconds = 10, settings: Partial<WatchInput['settings']> = {}): WatchInput {
  return world.input({ success_criteria: CHECK, checks: { cache_preloaded: check }, seconds }, settings);
}

const watch = (input: WatchInput) => world.watch(input, { scripts, secrets: { SMOKE_TOKEN: SECRET } });
const lastNote = () => world.heartbeats.at(-1)?.live.criteria[0]?.note;

describe('a check by a page of the candidate', () => {
  it('holds when it holds on every ready instance, and goes before the health document', async () => {
    const instances = ['green-1', 'green-2'].map((id) => world.source.addInstance(id, 'green'));
    for (const one of instances) one.health = { checks: { cache_preloaded: [{ status: 'fail' }] } };
    world.source.endpoints['/warm'] = 200;
    expect((await watch(windowOf(http({})))).verdict).toBe('passed');
  });

  it('does not hold while one instance answers otherwise, and that one is named', async () => {
    world.source.addInstance('green-1', 'green');
    world.source.addInstance('green-2', 'green').endpoints['/warm'] = 503;
    world.source.endpoints['/warm'] = 200;
    const result = await watch(windowOf(http({})));
    expect(result).toMatchObject({ verdict: 'failed', criterion: 'cache_preloaded' });
    expect(result.verdict === 'failed' && result.reason).toContain('green-2: expected 2xx, answered 503');
  });

  it('may ask for a status', async () => {
    world.source.addInstance('green-1', 'green');
    world.source.endpoints['/warm'] = 404;
    expect((await watch(windowOf(http({ status: 404 })))).verdict).toBe('passed');
  });

  it('is not known while no instance is ready, or one does not answer', async () => {
    const one = world.source.addInstance('green-1', 'green');
    one.ready = false;
    const input = windowOf(http({}, 300), 10, { no_data_limit_ms: 3_000 });
    expect((await watch(input)).verdict).toBe('no_data');
    expect(lastNote()).toBe('no instance of green is ready');
    one.ready = true;
    one.endpoints['/warm'] = 'hang';
    const result = await watch({ ...input, started_at_ms: world.clock.now(), ends_at_ms: world.clock.now() + 60_000 });
    expect(result.verdict).toBe('no_data');
    expect(JSON.stringify(result)).toMatch(
      /green-1: no answer within 300 ms|no answer within 300 ms|has not answered yet/,
    );
  });

  it('fires as a trigger when it does not hold any more', async () => {
    world.source.addInstance('green-1', 'green');
    world.source.endpoints['/warm'] = 200;
    world.at(5_000, () => {
      world.source.endpoints['/warm'] = 500;
    });
    const input = world.input({ rollback_triggers: CHECK, checks: { cache_preloaded: http({}) } });
    const result = await watch(input);
    expect(result).toMatchObject({ verdict: 'breached', criterion: 'cache_preloaded' });
    expect(Date.parse(result.evidence?.at ?? '') - START_MS).toBeLessThanOrEqual(7_000);
  });
});

describe('a check by an address', () => {
  it('is asked once a second, whatever the resolution, with its headers and body', async () => {
    const call = {
      method: 'POST',
      url: `${receiver.url}/ready`,
      headers: { authorization: { env: 'SMOKE_TOKEN' } },
    } as const;
    const check = http({ ...call, json: { deep: true } });
    expect((await watch(windowOf(check, 10, { resolution_ms: 250 }))).verdict).toBe('passed');
    expect(receiver.received.length).toBeGreaterThanOrEqual(9);
    expect(receiver.received.length).toBeLessThanOrEqual(12);
    expect(receiver.received[0]).toMatchObject({ method: 'POST', path: '/ready', body: '{"deep":true}' });
    expect(receiver.received[0]?.headers.authorization).toBe(SECRET);
  });

  it.each([
    { name: 'a redirect', answer: ANSWERS.status(302, '', { location: '/' }), note: 'redirects are not followed' },
    { name: 'an error', answer: ANSWERS.status(500), note: 'answered 500' },
  ])('does not hold on $name', async ({ answer, note }) => {
    receiver.answer = answer;
    const result = await watch(windowOf(http({ url: receiver.url }), 5));
    expect(result.verdict === 'failed' && result.reason).toContain(note);
  });

  it.each([
    { name: 'a broken connection', answer: ANSWERS.reset },
    { name: 'silence', answer: ANSWERS.hang },
  ])('is not known on $name', async ({ answer }) => {
    receiver.answer = answer;
    const result = await watch(windowOf(http({ url: receiver.url }, 200), 60, { no_data_limit_ms: 3_000 }));
    expect(result.verdict).toBe('no_data');
  });

  it('that hangs is asked by one request at a time, and makes no other criterion late', async () => {
    receiver.answer = ANSWERS.hang;
    world.at(3_000, () => {
      world.traffic.green.errors = 50;
    });
    const input = {
      ...windowOf(http({ url: receiver.url }, 60_000), 20),
      rollback_triggers: criteria('error_rate > 0.5'),
    };
    const result = await watch(input);
    expect(result).toMatchObject({ verdict: 'breached', criterion: 'error_rate > 0.5' });
    expect(Date.parse(result.evidence?.at ?? '') - START_MS).toBeLessThanOrEqual(6_000);
    expect(receiver.received).toHaveLength(1);
  });

  it('never shows its secret', async () => {
    receiver.answer = ANSWERS.status(500, SECRET);
    const result = await watch(
      windowOf(http({ url: receiver.url, headers: { 'x-token': { env: 'SMOKE_TOKEN' } } }), 5),
    );
    expect(JSON.stringify([result, world.heartbeats])).not.toMatch(/horse|staple/);
  });
});

describe('a check by a script', () => {
  it('holds on exit code 0, and is run every 5 s', async () => {
    const check = script(['echo "$CUTOVER_CANDIDATE" >> runs'], 5_000);
    expect((await watch(windowOf(check, 20))).verdict).toBe('passed');
    const runs = readFileSync(join(scripts, 'runs'), 'utf8').trim().split('\n');
    expect(runs.length).toBeGreaterThanOrEqual(4);
    expect(runs.length).toBeLessThanOrEqual(5);
    expect(new Set(runs)).toEqual(new Set(['green']));
  });

  it('does not hold on another, and tells the last line without secrets', async () => {
    const check = script(['echo "no key $TOKEN"', 'exit 1'], 5_000, { TOKEN: { env: 'SMOKE_TOKEN' } });
    const result = await watch(windowOf(check, 6));
    expect(result.verdict === 'failed' && result.reason).toContain('exit code 1: no key {env: SMOKE_TOKEN}');
    expect(JSON.stringify([result, world.heartbeats])).not.toMatch(/horse|staple/);
  });

  it('is not known when the worker refuses it', async () => {
    const input = windowOf(script(['exit 0']), 60, { no_data_limit_ms: 2_000 });
    const result = await world.watch(input);
    expect(result.verdict === 'no_data' && result.reason).toContain('this worker runs no scripts');
  });

  it('is stopped when the watcher ends', async () => {
    const check = script(['echo $$ > pid', 'exec sleep 60'], 60_000);
    world.at(1_000, () => {
      world.traffic.green.errors = 100;
    });
    const result = await watch({ ...windowOf(check, 20), rollback_triggers: criteria('error_rate > 0.5') });
    expect(result.verdict).toBe('breached');
    const pid = Number(readFileSync(join(scripts, 'pid'), 'utf8'));
    await expect.poll(() => isRunning(pid), { timeout: 5_000 }).toBe(false);
  });
});

describe('a check by a metric', () => {
  const byMetric = (source: string): CheckPlan => ({
    call: { kind: 'metric', criterion: criteria(source)[0] as Extract<Criterion, { kind: 'metric' }> },
    timeout_ms: 1_000,
  });

  it('holds while its criterion does over the window, and may have failed at first', async () => {
    world.traffic.green.errors = 50;
    world.at(3_000, () => {
      world.traffic.green.errors = 0;
    });
    expect((await watch(windowOf(byMetric('error_rate < 1'), 25))).verdict).toBe('passed');
    expect(world.heartbeats.at(4)?.live.criteria[0]?.note).toMatch(/^error_rate is [\d.]+ %, against 1 %$/);
  });

  it('fails a window at whose end it does not hold, and compares with the active colour', async () => {
    world.traffic.green.seconds = 0.3;
    const result = await watch(windowOf(byMetric('p99_latency < baseline + 10ms')));
    expect(result.verdict === 'failed' && result.reason).toContain('p99_latency is');
  });

  it('is not known without requests', async () => {
    world.traffic.green.rate = 0;
    const result = await watch(windowOf(byMetric('error_rate < 1'), 60, { no_data_limit_ms: 3_000 }));
    expect(result.verdict === 'no_data' && result.reason).toContain('no requests');
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
