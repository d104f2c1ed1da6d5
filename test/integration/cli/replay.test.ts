import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, WorkflowClient } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Replayed } from '../../../src/replay/replay.ts';
import { runCli } from '../../support/cli.ts';
import { openStage, type Stage } from './stage.ts';

const ID = 'cutover/production/shop';

let stage: Stage;
let folder: string;
beforeAll(async () => {
  stage = await openStage();
  folder = mkdtempSync(join(tmpdir(), 'cutover-replay-'));
  await stage.startWorker();
});
afterAll(async () => {
  await stage?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface History {
  events: { eventType: string; activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
}

async function historyOf(workflowId: string): Promise<History> {
  const connection = await Connection.connect({ address: stage.address });
  try {
    const history = await new WorkflowClient({ connection }).getHandle(workflowId).fetchHistory();
    return JSON.parse(historyToJSON(history)) as History;
  } finally {
    await connection.close();
  }
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

test('open runs are replayed; a stored history that this build would not have made is broken', async () => {
  const { address } = stage;
  const none = await runCli(['replay'], { address });
  expect(none).toMatchObject({ code: 0, stdout: '', stderr: 'No open runs.\n' });

  await runCli(['start', await stage.planFile('shop')], { address });
  const openRuns = async () => (await runCli(['replay', '--service', 'shop'], { address })).stdout;
  await expect.poll(openRuns, { timeout: 30_000, interval: 1_000 }).toMatch(/^ok +production\/shop [\w-]+\n$/);
  const all = await runCli(['replay', '--all-open', '--json'], { address });
  expect(JSON.parse(all.stdout)).toMatchObject({ ok: true, runs: [{ workflow_id: ID, result: 'ok', reason: null }] });
  expect((await runCli(['replay', '--service', 'cart'], { address })).stderr).toBe('No open runs.\n');

  const approval = async () => (await runCli(['status', 'shop'], { address })).stdout;
  await expect.poll(approval, { timeout: 30_000, interval: 1_000 }).toContain('cutover approve');
  const good = await historyOf(ID);
  const bad = structuredClone(good);
  const scheduled = bad.events.find((event) => event.activityTaskScheduledEventAttributes !== undefined);
  if (scheduled?.activityTaskScheduledEventAttributes !== undefined)
    scheduled.activityTaskScheduledEventAttributes.activityType.name = 'somethingElse';
  const files = ['--file', file('good.json', good), '--file', file('bad.json', bad)];
  const stored = await runCli(['replay', ...files, '--json'], { address: '127.0.0.1:1' });
  expect(stored.code).toBe(1);
  const { runs } = JSON.parse(stored.stdout) as { runs: Replayed[] };
  expect(runs.map(({ result }) => result)).toEqual(['ok', 'broken']);
  expect(runs[1]?.reason).toMatch(/^Nondeterminism error: .*somethingElse/);
});

test('two sources at once, a name that is none, and no server are told', async () => {
  const both = await runCli(['replay', '--all-open', '--file', 'x.json']);
  expect(both.code).toBe(2);
  expect((await runCli(['replay', '--service', "a'b"], { address: stage.address })).code).toBe(2);
  expect((await runCli(['replay', '--file', join(folder, 'none.json')])).code).toBe(2);
  expect((await runCli(['replay'], { address: '127.0.0.1:1' })).code).toBe(6);
});
