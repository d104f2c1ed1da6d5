import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageVersion } from '../../../src/client/version.ts';
import { packageRoot } from '../../../src/package-root.ts';
import { type ControlPlane, openControlPlane } from '../../support/kubernetes/control-plane.ts';
import { openShop } from '../../support/kubernetes/shop.ts';
import { requirePart } from '../../support/parts.ts';
import { type DevServer, startDevServer } from '../../support/temporal.ts';

const START_MS = 1_200_000;
const run = promisify(execFile);
const kubernetes = await requirePart('kubernetes', openControlPlane);

kubernetes.suite('kubectl cutover', () => {
  const plane = kubernetes.missing === null ? kubernetes.value() : (null as never as ControlPlane);
  let server: DevServer;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cutover-plugin-'));
    // As npm installs what `bin` of package.json names.
    const { bin } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
    symlinkSync(join(packageRoot(), bin['kubectl-cutover']), join(folder, 'kubectl-cutover'));
    server = await startDevServer();
  }, START_MS);
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
    await plane.stop();
  }, START_MS);

  function kubectl(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    const { command, first } = plane.parts.kubectl;
    const path = [folder, dirname(process.execPath), process.env.PATH].join(delimiter);
    const env = { ...process.env, PATH: path, KUBECONFIG: plane.kubeconfig, TEMPORAL_ADDRESS: server.address };
    return run(command, [...first, ...args], { env, timeout: 30_000 });
  }

  it('is what kubectl runs, and lists', async () => {
    expect((await kubectl('cutover', '--version')).stdout).toBe(`${packageVersion()}\n`);
    expect(JSON.parse((await kubectl('cutover', 'list', '--json')).stdout)).toEqual([]);
  });

  it('is found by kubectl as a plug-in', async () => {
    const { stdout } = await kubectl('plugin', 'list');
    expect(stdout).toContain(join(folder, 'kubectl-cutover'));
  });

  it('takes kubectl’s own flags for the cluster, and ends with its own codes', async () => {
    const { namespace } = await openShop(plane);
    const { stdout } = await kubectl(
      'cutover',
      'init',
      'kubernetes',
      '--service',
      'checkout',
      '-n',
      namespace,
      '-o',
      '-',
    );
    expect(stdout).toContain(`namespace: ${namespace}`);
    await expect(kubectl('cutover', 'status', 'nobody')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('CUTOVER_NOT_FOUND'),
    });
  });
});
