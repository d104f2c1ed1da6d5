/** Writes runs to test/histories, for `record-*.ts`. */
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';
import { expect } from 'vitest';
import type { Deployment } from '../support/world/harness.ts';

const FOLDER = fileURLToPath(new URL('../histories', import.meta.url));

/** Where and by which process it was recorded means nothing to a replay, and is nobody's business. */
const PRIVATE = new Set(['stackTrace', 'identity', 'encodedAttributes']);
const STICKY_QUEUE = /^\d+@.+$/;

export async function save(name: string, history: temporal.api.history.v1.IHistory): Promise<void> {
  const tidy = (key: string, value: unknown) => {
    if (PRIVATE.has(key)) return undefined;
    return typeof value === 'string' && STICKY_QUEUE.test(value) ? 'sticky' : value;
  };
  mkdirSync(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}/${name}.json`, `${JSON.stringify(JSON.parse(historyToJSON(history), tidy))}\n`);
}

export async function record(name: string, deployment: Deployment, outcome: string): Promise<void> {
  expect(await deployment.result()).toMatchObject({ outcome });
  await save(name, await deployment.handle.fetchHistory());
}
