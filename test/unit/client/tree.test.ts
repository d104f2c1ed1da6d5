import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { width } from '../../../src/client/render/text.ts';
import { renderTree } from '../../../src/client/render/tree.ts';
import { PHASES } from '../../../src/workflows/api.ts';
import { at, evidence, liveStatus, NOW_MS, phase, reading } from './status.ts';

const canvas = { columns: 120, colors: pc.createColors(false), nowMs: NOW_MS };

const validating = PHASES.map((name) =>
  name === 'provision'
    ? phase(name, { state: 'passed', started_at: at(-600_000), ended_at: at(-528_000), share: 0 })
    : name === 'performance_validation'
      ? phase(name, { state: 'running', started_at: at(-60_000), ends_at: at(60_000), share: 10 })
      : phase(name),
);

describe('the tree of a deployment', () => {
  it('shows what is deployed, the shares, and each phase with its time', () => {
    const shown = renderTree(liveStatus({ phases: validating }), canvas);
    expect(shown).toContain('checkout 2.4.1 → production (was 2.4.0)');
    expect(shown).toContain('cutover/production/checkout · started by dana');
    expect(shown).toMatch(/blue old 90 % +█{40} green new 10 %/);
    expect(shown).toMatch(/✔ provision +1m12s {2}at 0 %/);
    expect(shown).toMatch(/▶ performance validation +━{10}─{10} 1m left {2}at 10 %/);
    expect(shown).toMatch(/· observation/);
  });

  it('shows the watcher’s newest values rather than the recorded ones', () => {
    const phases = validating.map((one) =>
      one.name === 'performance_validation' ? { ...one, evidence: evidence(reading({ value: 1 })) } : one,
    );
    const trigger = reading({
      source: 'error_rate > 0.5',
      kind: 'trigger',
      state: 'breached',
      value: 0.7501,
      limit: 0.5,
      baseline: null,
      consecutive: 1,
    });
    const shown = renderTree(liveStatus({ phases }, { evidence: evidence(reading(), trigger) }), canvas);
    expect(shown).toMatch(
      /✔ p99_latency < baseline \+ 10ms +21\.4 ms · limit 28 ms · baseline 18 ms \(concurrent\) · 1204 observed/,
    );
    expect(shown).toMatch(/▲ roll back when error_rate > 0\.5 +0\.75 % · limit 0\.5 % · 1204 observed · 1 in a row/);
    expect(shown).toContain('watched 98.3 %: 59 of 60 ticks');
  });

  it('says whom an approval waits for, what was measured, and what to type', () => {
    const phases = PHASES.map((name) =>
      name === 'approval'
        ? phase(name, { state: 'running', started_at: at(-1_000), ends_at: at(3_600_000) })
        : name === 'performance_validation'
          ? phase(name, {
              state: 'passed',
              started_at: at(-9_000),
              ended_at: at(-1_000),
              evidence: evidence(reading()),
            })
          : phase(name),
    );
    const approval = {
      state: 'pending',
      required: 2,
      approvers: ['ana@example.com', "o'neil x"],
      approved_by: ['ana@example.com'],
      expires_at: at(3_600_000),
      digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
    } as const;
    const shown = renderTree(
      liveStatus({
        phase: 'approval',
        phases,
        approval: { ...approval, approvers: [...approval.approvers], approved_by: [...approval.approved_by] },
      }),
      canvas,
    );
    expect(shown).toContain("Waiting for 1 of: o'neil x; approved by ana@example.com (1h left)");
    expect(shown).toContain("cutover approve production/checkout --by 'o'\\''neil x' --digest 0123456789ab");
    expect(shown).toContain('p99_latency < baseline + 10ms');
  });

  it('tells how to go back during the lease, what happened in a rollback, and the last messages', () => {
    const lease = { ends_at: at(3_600_000), old_colour: 'blue', old_healthy: false, old_size: 3 } as const;
    expect(renderTree(liveStatus({ phase: 'lease', lease }), canvas)).toMatch(
      /blue is kept, × 3, not ready, for 1h\n +cutover rollback production\/checkout/,
    );
    const rollback = {
      requested_at: at(-900),
      by: 'cutover',
      reason: 'error_rate > 0.5 breached',
      automatic: true,
      from_phase: 'decision_window',
      restored_after_ms: 83,
      state: 'restored',
      note: null,
    } as const;
    const message = {
      at: at(-900),
      name: 'rollback',
      via: 'update',
      by: 'ben',
      reason: 'bad',
      request_id: null,
      accepted: false,
      note: 'it has ended',
    } as const;
    const shown = renderTree(
      liveStatus({ phase: 'keep_failed', rollback, outcome: 'rolled_back', reason: 'why', messages: [message] }),
      canvas,
    );
    expect(shown).toContain('Rollback from decision window by cutover: traffic back after 83 ms');
    expect(shown).toContain('rolled back: why');
    expect(shown).toContain('rollback by ben (bad): refused: it has ended');
  });

  it('says that no worker answers, and what an activity is waiting for', () => {
    const phases = PHASES.map((name) =>
      phase(name, name === 'provision' ? { state: 'running', started_at: at(-5_000) } : {}),
    );
    const activity = {
      name: 'awaitReady',
      detail: '1 of 3 ready',
      attempt: 4,
      failure: 'connect refused',
      heartbeat_at: null,
    };
    const shown = renderTree(
      liveStatus({ phases }, { answered: false, note: 'no worker is answering', activities: [activity] }),
      canvas,
    );
    expect(shown).toContain('! no worker is answering.');
    expect(shown).toContain('… awaitReady: 1 of 3 ready; attempt 4; connect refused');
  });

  it('fits every line into the terminal and lets no control character through', () => {
    const nasty = 'x\u001b[2J\u001b]0;title\u0007\r\n\u202eabc\u009b31m'.repeat(5);
    const status = liveStatus({
      version: nasty,
      reason: nasty,
      outcome: 'stuck',
      attention: [nasty],
      phases: validating.map((one) => ({ ...one, note: nasty })),
    });
    for (const columns of [20, 40, 79, 120]) {
      const lines = renderTree(status, { ...canvas, columns }).split('\n');
      for (const line of lines) {
        expect(width(line)).toBeLessThanOrEqual(columns);
        expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
      }
    }
  });

  it('does not say 100 % of what is a little less', () => {
    const shown = renderTree(
      liveStatus(
        { phases: validating },
        {
          evidence: evidence(
            reading({ source: 'http_success_rate > 99.5', value: 99.996, limit: 99.5, baseline: null }),
          ),
        },
      ),
      canvas,
    );
    expect(shown).toContain('99.996 % · limit 99.5 %');
  });
});
