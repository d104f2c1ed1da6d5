import { describe, expect, it } from 'vitest';
import { differencesBetween } from '../../../src/adapters/platforms/local-parity.ts';
import type { Launch } from '../../../src/local/api.ts';

const LAUNCH: Launch = {
  command: ['node', 'app.js'],
  cwd: '/srv/shop',
  env: { B: '2', A: '1' },
  health_path: '/health',
};

describe('differences of two launches', () => {
  it('are none when they are alike, whatever the order of the environment', () => {
    expect(differencesBetween(LAUNCH, { ...LAUNCH, env: { A: '1', B: '2' } })).toEqual([]);
  });

  it('are told part by part', () => {
    const other = { command: ['node', 'app js'], cwd: null, env: LAUNCH.env, health_path: '/ready' };
    expect(differencesBetween(LAUNCH, other)).toEqual([
      { path: 'command', active: '["node","app.js"]', standby: '["node","app js"]' },
      { path: 'cwd', active: '/srv/shop', standby: null },
      { path: 'health_path', active: '/health', standby: '/ready' },
    ]);
  });

  it('show values of the environment only as hashes', () => {
    const found = differencesBetween(LAUNCH, { ...LAUNCH, env: { A: 'hunter2', C: '' } });
    expect(found).toEqual([
      { path: 'env.A', active: 'sha256:6b86b273', standby: 'sha256:f52fbd32' },
      { path: 'env.B', active: 'sha256:d4735e3a', standby: null },
      { path: 'env.C', active: null, standby: 'sha256:e3b0c442' },
    ]);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('that lie beyond what is shown are found all the same', () => {
    const long = (end: string) => ({ ...LAUNCH, command: ['node', `${'x'.repeat(500)}${end}`] });
    const [found] = differencesBetween(long('a'), long('b'));
    expect(found?.path).toBe('command');
    expect(found?.active).toHaveLength(201);
  });
});
