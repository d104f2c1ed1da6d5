import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';

interface Snippet {
  /** The file that would hold it. */
  file: string;
  code: string;
}

function importing(file: string, ...specifiers: string[]): Snippet[] {
  return specifiers.map((specifier) => ({ file, code: `export * from '${specifier}';\n` }));
}

const READS_ENV = 'export const home = process.env.HOME;\n';

const REFUSED: Snippet[] = [
  ...importing('src/plan/load.ts', '../decision/judge.ts', '../adapters/types.ts', '../local/api.ts', 'node:fs'),
  ...importing('src/plan/rules/router.ts', '../../workflows/api.ts', '../../client/cli.ts', '@temporalio/common'),
  ...importing('src/plan/duration.ts', 'zod', 'yaml', './load.ts', 'node:util'),
  ...importing('src/plan/criteria.ts', 'zod', './schema.ts'),
  ...importing('src/plan/types.ts', 'zod'),
  ...importing('src/plan/metrics.ts', './adapters.ts'),
  ...importing('src/decision/judge.ts', 'zod', 'node:fs', '../plan/load.ts', '../activities/types.ts'),
  ...importing(
    'src/decision/judge.ts',
    '../workflows/deployment.ts',
    '../adapters/registry.ts',
    '@temporalio/workflow',
  ),
  ...importing('src/workflows/deployment.ts', 'zod', 'node:crypto', '../plan/load.ts', '../activities/mutations.ts'),
  ...importing('src/workflows/deployment.ts', '../adapters/registry.ts', '../local/client.ts', '@temporalio/client'),
  ...importing('src/workflows/phases/switch.ts', '../../plan/normalised.ts', '../../activities/watch.ts'),
  ...importing('src/workflows/phases/switch.ts', '../../client/cli.ts', '../../worker/run.ts', '@temporalio/activity'),
  ...importing('src/activities/mutations.ts', '../adapters/routers/local.ts', '../workflows/deployment.ts'),
  ...importing('src/activities/mutations.ts', '../client/cli.ts', '../worker/run.ts', '../local/client.ts'),
  ...importing('src/adapters/routers/local.ts', '../../activities/mutations.ts', '../../workflows/run.ts'),
  ...importing('src/adapters/routers/local.ts', '../../client/cli.ts', '../../local/main.ts', '@temporalio/activity'),
  ...importing('src/local/main.ts', '../activities/types.ts', '../adapters/registry.ts', '../client/cli.ts'),
  ...importing('src/local/main.ts', '../workflows/deployment.ts', '../worker/run.ts', '@temporalio/worker'),
  ...importing('src/local/temporal/server.ts', '../../client/cli.ts', '../../worker/run.ts'),
  ...importing('src/client/cli.ts', '../decision/judge.ts', '../workflows/deployment.ts', '../worker/run.ts'),
  ...importing('src/client/cli.ts', '../activities/mutations.ts', '../adapters/registry.ts', '@temporalio/worker'),
  ...importing(
    'src/worker/run.ts',
    '../client/cli.ts',
    '../direct/run.ts',
    '../simulate/run.ts',
    '../replay/replay.ts',
  ),
  ...importing('src/activities/mutations.ts', '../direct/run.ts', '../simulate/run.ts'),
  ...importing('src/direct/run.ts', '../client/cli.ts', '../workflows/deployment.ts'),
  ...importing('src/simulate/run.ts', '../client/cli.ts', '../workflows/deployment.ts'),
  ...importing('src/replay/replay.ts', '../client/cli.ts', '../workflows/deployment.ts'),
  ...['src/plan/a.ts', 'src/decision/a.ts', 'src/workflows/a.ts', 'src/activities/a.ts', 'src/adapters/a.ts'].map(
    (file) => ({ file, code: READS_ENV }),
  ),
  { file: 'src/local/supervisor.ts', code: READS_ENV },
  { file: 'src/plan/enums.ts', code: 'export enum Colour {\n  Blue,\n}\n' },
  { file: 'src/plan/any.ts', code: 'export const value: any = 1;\n' },
  { file: 'src/adapters/CamelCase.ts', code: 'export const value = 1;\n' },
];

const ACCEPTED: Snippet[] = [
  ...importing('src/plan/load.ts', 'zod', 'yaml', './types.ts', '../errors.ts', './adapters.ts'),
  ...importing('src/plan/criteria.ts', './types.ts', './duration.ts'),
  ...importing('src/decision/judge.ts', './histogram.ts', '../plan/types.ts', '../workflows/api.ts', '../errors.ts'),
  ...importing('src/workflows/deployment.ts', './phases/switch.ts', '../plan/types.ts', '../plan/duration.ts'),
  ...importing('src/workflows/deployment.ts', '../decision/judge.ts', '../activities/types.ts', '@temporalio/workflow'),
  ...importing('src/workflows/phases/switch.ts', '../run.ts', './approval.ts', '../../errors.ts', '@temporalio/common'),
  ...importing('src/activities/watch.ts', '../adapters/types.ts', '../adapters/registry.ts', '../decision/judge.ts'),
  ...importing('src/activities/watch.ts', '../workflows/api.ts', '@temporalio/activity', 'node:timers/promises'),
  ...importing('src/adapters/platforms/local.ts', '../../local/client.ts', '../types.ts', '../../plan/types.ts'),
  ...importing('src/adapters/registry.ts', './routers/local.ts', '../activities/watch-types.ts'),
  ...importing('src/local/main.ts', './client.ts', '../adapters/types.ts', '../plan/types.ts', 'hono'),
  ...importing('src/client/commands/worker.ts', '../../worker/main.ts', '../../plan/load.ts', '../../workflows/api.ts'),
  ...importing('src/client/commands/dev.ts', '../../local/spawn.ts', '@temporalio/client'),
  ...importing(
    'src/client/commands/replay.ts',
    '../../replay/replay.ts',
    '../../simulate/run.ts',
    '../../direct/run.ts',
  ),
  ...importing('src/direct/run.ts', '../adapters/registry.ts', '../activities/clock.ts', '../workflows/api.ts'),
  ...importing('src/simulate/run.ts', '../activities/watch.ts', '../local/fence.ts', '../worker/bundle.ts'),
  ...importing('src/worker/run.ts', '../adapters/registry.ts', '../activities/mutations.ts', '@temporalio/worker'),
  ...['src/worker/main.ts', 'src/client/config.ts', 'src/local/main.ts'].map((file) => ({ file, code: READS_ENV })),
];

let folder: string;
let errorsByFile: Map<string, string[]>;

/** Each snippet in a tree of its own, so that several may stand for the same file. */
function pathOf(set: string, index: number, snippet: Snippet): string {
  return join(set, String(index), snippet.file);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cutover-layers-'));
  const config = JSON.parse(readFileSync(join(packageRoot(), 'biome.json'), 'utf8'));
  // The same rules for every tree: `src/plan/**` becomes `*/*/src/plan/**`.
  for (const override of config.overrides) override.includes = override.includes.map((glob: string) => `*/*/${glob}`);
  config.files.includes = ['**'];
  delete config.$schema;
  writeFileSync(join(folder, 'biome.json'), JSON.stringify(config));
  for (const [set, snippets] of Object.entries({ refused: REFUSED, accepted: ACCEPTED })) {
    snippets.forEach((snippet, index) => {
      const path = join(folder, pathOf(set, index, snippet));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, snippet.code);
    });
  }
  errorsByFile = lint();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lint(): Map<string, string[]> {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'];
  let output: string;
  try {
    output = execFileSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error)) throw error;
    output = String(error.stdout);
  }
  const found = new Map<string, string[]>();
  for (const { category, severity, location } of JSON.parse(output).diagnostics) {
    if (severity !== 'error') continue;
    found.set(location.path, [...(found.get(location.path) ?? []), category]);
  }
  return found;
}

describe('the lint rules that hold the layers', () => {
  it.each(REFUSED.map((snippet, index) => ({ ...snippet, index })))(
    'refuse in $file: $code',
    ({ index, ...snippet }) => {
      expect(errorsByFile.get(pathOf('refused', index, snippet))).toHaveLength(1);
    },
  );

  it.each(ACCEPTED.map((snippet, index) => ({ ...snippet, index })))(
    'accept in $file: $code',
    ({ index, ...snippet }) => {
      expect(errorsByFile.get(pathOf('accepted', index, snippet))).toBeUndefined();
    },
  );
});
