import { describe, expect, it } from 'vitest';
import { readWorkerConfig } from '../../../src/worker/config.ts';

/** No file of the machine's own takes part. */
const NOWHERE = { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' };

function read(argv: string[], env: Record<string, string> = {}) {
  return readWorkerConfig(argv, { ...NOWHERE, ...env });
}

describe('the worker’s configuration', () => {
  it('has a default for everything', () => {
    expect(read([])).toMatchObject({
      namespace: 'default',
      localUrl: 'http://127.0.0.1:7440',
      slots: 500,
      watchSlots: 5_000,
      version: null,
      metricsAddress: { host: '127.0.0.1', port: 9_464, isDefault: true },
      logLevel: 'info',
      logFile: null,
    });
  });

  it('is read from the environment, Temporal’s own variables included', () => {
    const env = {
      TEMPORAL_ADDRESS: 'temporal.test:7233',
      TEMPORAL_NAMESPACE: 'deploys',
      CUTOVER_LOCAL_URL: 'http://127.0.0.1:9000',
      CUTOVER_WATCH_SLOTS: '7',
      CUTOVER_LOG_LEVEL: 'DEBUG',
      CUTOVER_LOG_FILE: '/tmp/worker.log',
    };
    expect(read([], env)).toMatchObject({
      connection: { address: 'temporal.test:7233' },
      namespace: 'deploys',
      localUrl: 'http://127.0.0.1:9000',
      watchSlots: 7,
      logLevel: 'debug',
      logFile: '/tmp/worker.log',
    });
  });

  it('takes a flag over the environment', () => {
    const env = { TEMPORAL_ADDRESS: 'temporal.test:7233', CUTOVER_WATCH_SLOTS: '7' };
    const config = read(['--address', '127.0.0.1:1', '--namespace', 'x', '--watch-slots', '2'], env);
    expect(config).toMatchObject({ connection: { address: '127.0.0.1:1' }, namespace: 'x', watchSlots: 2 });
  });

  it('takes the two names of worker versioning together, or none', () => {
    const env = { TEMPORAL_DEPLOYMENT_NAME: 'cutover', TEMPORAL_WORKER_BUILD_ID: 'one' };
    expect(read(['--build-id', 'two'], env)?.version).toEqual({ deploymentName: 'cutover', buildId: 'two' });
    expect(() => read(['--build-id', 'two'])).toThrow('--deployment-name is missing');
    expect(() => read(['--deployment-name', 'cutover'])).toThrow('--build-id is missing');
  });

  it.each([
    { text: '9000', address: { host: '127.0.0.1', port: 9_000, isDefault: false } },
    { text: '0', address: { host: '127.0.0.1', port: 0, isDefault: false } },
    { text: '0.0.0.0:9464', address: { host: '0.0.0.0', port: 9_464, isDefault: false } },
    { text: '[::1]:9464', address: { host: '::1', port: 9_464, isDefault: false } },
    { text: 'Off', address: null },
  ])('takes the metrics address $text', ({ text, address }) => {
    expect(read(['--metrics-address', text])?.metricsAddress).toEqual(address);
    expect(read([], { CUTOVER_METRICS_ADDRESS: text })?.metricsAddress).toEqual(address);
  });

  it.each([
    { argv: ['--metrics-address', '65536'], env: {}, names: '65536' },
    { argv: ['--metrics-address', 'localhost'], env: {}, names: 'localhost' },
    { argv: ['--metrics-address', '::1:9464'], env: {}, names: '::1:9464' },
    { argv: [], env: { CUTOVER_METRICS_ADDRESS: ':9464' }, names: 'CUTOVER_METRICS_ADDRESS' },
    { argv: ['--watch-slots', '0'], env: {}, names: '--watch-slots' },
    { argv: [], env: { CUTOVER_WATCH_SLOTS: 'many' }, names: 'CUTOVER_WATCH_SLOTS' },
    { argv: [], env: { CUTOVER_LOG_LEVEL: 'loud' }, names: 'loud' },
    { argv: ['--nonsense'], env: {}, names: '--nonsense' },
    { argv: ['stray'], env: {}, names: 'argument' },
  ])('refuses $argv $env, naming what is wrong', ({ argv, env, names }) => {
    let caught: unknown;
    try {
      read(argv, env);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'CUTOVER_USAGE', message: expect.stringContaining(names) });
  });
});
