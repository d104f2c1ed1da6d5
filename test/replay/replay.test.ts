import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { beforeAll, expect, it } from 'vitest';
import { quietRuntime, workflowBundle } from '../support/temporal.ts';

const FOLDER = fileURLToPath(new URL('../histories', import.meta.url));
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort();

beforeAll(async () => {
  quietRuntime();
  await workflowBundle();
}, 60_000);

it('has a recorded run of every shape', () => {
  expect(names.length).toBeGreaterThanOrEqual(30);
});

/** A run that is on its way when a worker is updated meets this very check: its steps must be the ones it has taken. */
it.each(names)('replays %s', async (name) => {
  const history = historyFromJSON(JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')));
  const results = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, [
    { workflowId: name, history },
  ]);
  let replayed = 0;
  for await (const { error } of results) {
    replayed += 1;
    expect(error).toBeUndefined();
  }
  expect(replayed).toBe(1);
});
