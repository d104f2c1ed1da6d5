import { describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.ts';
import { quickPlan } from './plan.ts';

describe('output', () => {
  it('has colours when they are asked for, and none when NO_COLOR asks for none', async () => {
    const input = quickPlan('shop');
    const forced = await runCli(['validate', '-'], { input, env: { FORCE_COLOR: '1', NO_COLOR: undefined } });
    expect(forced.stdout).toContain('\u001b[32mvalid');
    const none = await runCli(['validate', '-'], { input, env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
    expect(none.stdout).toMatch(/^valid: shop/);
  });

  it('takes --utc before the command and behind it', async () => {
    for (const args of [
      ['--utc', 'validate', '-'],
      ['validate', '-', '--utc'],
    ])
      expect(await runCli(args, { input: quickPlan('shop') })).toMatchObject({ code: 0 });
  });
});
