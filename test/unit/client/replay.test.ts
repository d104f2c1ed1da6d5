import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { historyFiles } from '../../../src/client/replay/files.ts';
import { reasonOf } from '../../../src/replay/replay.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutover-replay-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function read(...paths: string[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const recorded of historyFiles(paths)) found.push(recorded);
  return found;
}

describe('a stored history', () => {
  const attributes = { workflowType: { name: 'deployment' }, originalExecutionRunId: 'run-1' };
  const started = {
    eventId: '1',
    eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
    workflowExecutionStartedEventAttributes: attributes,
  };

  it('is named by its workflow, or by its file', async () => {
    const named = { ...attributes, workflowId: 'cutover/production/shop' };
    const paths = [
      file('one.json', { events: [started] }),
      file('two.json', { events: [{ ...started, workflowExecutionStartedEventAttributes: named }] }),
    ];
    expect(await read(...paths)).toMatchObject([
      { workflow_id: 'one.json', run_id: 'run-1' },
      { workflow_id: 'cutover/production/shop', run_id: 'run-1' },
    ]);
  });

  it.each([
    ['text.json', 'not JSON', /cannot be read as a history/],
    ['empty.json', { events: [] }, /is no history/],
    ['other.json', { hello: 1 }, /history/],
  ])('%s is refused', async (name, content, message) => {
    await expect(read(file(name, content))).rejects.toMatchObject({
      code: 'CUTOVER_USAGE',
      message: expect.stringMatching(message),
    });
  });

  it('that is not there is refused', async () => {
    await expect(read(join(folder, 'missing.json'))).rejects.toMatchObject({ code: 'CUTOVER_USAGE' });
  });
});

describe('the reason of a broken replay', () => {
  it('is what Core said, not all that was around it', () => {
    const message =
      'Replay failed. Details: Failure { message: "[TMPRL1100] Nondeterminism error: no \\"x\\"", source: "" }';
    expect(reasonOf(new Error(message))).toBe('Nondeterminism error: no "x"');
  });

  it('is the whole message when nothing is quoted in it', () => {
    expect(reasonOf(new Error('Replay failed due to internal SDK issue.'))).toBe(
      'Replay failed due to internal SDK issue.',
    );
  });
});
