import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readWorkerConfig } from '../../../src/worker/config.ts';

const NOWHERE = { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' };
const read = (argv: string[], env: Record<string, string> = {}) => readWorkerConfig(argv, { ...NOWHERE, ...env });

describe('the directory of scripts', () => {
  it('is none unless somebody names one', () => {
    expect(read([])?.scripts).toBeNull();
    expect(read([], { CUTOVER_SCRIPTS: '' })?.scripts).toBeNull();
  });

  it('comes from the environment, or from the flag, which goes before it', () => {
    expect(read([], { CUTOVER_SCRIPTS: tmpdir() })?.scripts).toBe(tmpdir());
    expect(read(['--scripts', '.'], { CUTOVER_SCRIPTS: tmpdir() })?.scripts).toBe(process.cwd());
  });

  it('must be a directory', () => {
    expect(() => read(['--scripts', '/nowhere/at/all'])).toThrow('"/nowhere/at/all" is no directory');
    const file = fileURLToPath(import.meta.url);
    expect(() => read([], { CUTOVER_SCRIPTS: file })).toThrow('CUTOVER_SCRIPTS: ');
  });
});
