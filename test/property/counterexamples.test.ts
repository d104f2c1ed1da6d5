import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../support/model/engine.ts';
import { play } from '../support/model/play.ts';
import type { Scenario } from '../support/model/scenario.ts';
import { workflowBundle } from '../support/temporal.ts';

const FOLDER = join(import.meta.dirname, 'counterexamples');
const names = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));

let engine: Engine;

beforeAll(async () => {
  engine = await createEngine((await workflowBundle()).code);
});
afterAll(() => engine.stop());

/** Each once broke an invariant, and is named by what went wrong. */
describe('a counterexample', () => {
  it.each(names.map((file) => [basename(file, '.json').replaceAll('-', ' '), file]))('%s', async (_title, file) => {
    const scenario: Scenario = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
    const { problems } = await play(engine, scenario);
    expect(problems).toEqual([]);
  });
});
