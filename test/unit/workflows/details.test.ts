import { describe, expect, it } from 'vitest';
import type { DeploymentStatus } from '../../../src/workflows/api.ts';
import { detailsOf } from '../../../src/workflows/details.ts';
import { liveStatus, phase } from '../client/status.ts';

const START = '2026-11-21T22:00:00.000Z';
const APPROVAL = {
  state: 'pending',
  required: 2,
  approvers: ['ana@example.com', 'ben@example.com', 'cem@example.com'],
  approved_by: ['ana@example.com'],
  expires_at: '2026-11-21T23:30:00.000Z',
  digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
} satisfies DeploymentStatus['approval'];

function details(changes: Partial<DeploymentStatus>): string {
  return detailsOf(liveStatus({ started_at: START, ...changes }));
}

function toDo(changes: Partial<DeploymentStatus>): string {
  return /^- \*\*To do:\*\* (.*)$/m.exec(details(changes))?.[1] ?? '';
}

describe('the details of a run in the Web UI', () => {
  it('begin with what is deployed, where it is, and until when', () => {
    const ends_at = '2026-11-22T02:30:00.000Z';
    const phases = [{ ...phase('observation'), state: 'running' as const, started_at: START, ends_at, share: 100 }];
    const shown = details({ phase: 'observation', phases, weights: { blue: 0, green: 100 } });
    expect(shown.split('\n')[0]).toBe('### checkout 2.4.1 → production: observation until 02:30:00 (2026-11-22) UTC');
    expect(shown).toContain('- Traffic: **green (new, 2.4.1) 100 %** · blue (old, 2.4.0) 0 %');
    expect(shown).toContain('- ▶ **observation** at 100 %, 22:00:00 until 02:30:00 (2026-11-22)');
    expect(shown).toContain('- Started by dana on 2026-11-21 at 22:00:00 UTC');
    expect(details({ target: 'eu-west-1', weights: null, colours: null })).toContain('production @ eu-west-1: ');
  });

  it('tell what reaches the candidate beside its share, phase by phase', () => {
    const exposed = { header: { name: 'X-*Cutover', value: 'candidate' }, mirror_percent: 10 };
    const warmup = { ...phase('warmup'), state: 'running' as const, started_at: START, share: 0, exposed };
    const shown = details({ phase: 'warmup', phases: [warmup] });
    expect(shown).toContain('- ▶ **warmup** at 0 %, header X-\\*Cutover: candidate, mirrored 10 %, 22:00:00');
  });

  it.each<[string, Partial<DeploymentStatus>, RegExp]>([
    ['a phase that goes well', {}, /^nothing; .* To go back now: .*`rollback`, no data needed$/],
    ['attention', { attention: ['No data: look'] }, /^see \*Attention\* above\. To go back now/],
    ['an unsafe rollback', { rollback_needs_force: 'migrated' }, /`rollback`, data `\{"force": true\}`$/],
    [
      'a pause',
      { paused: { since: START, by: 'ana', reason: null, remaining_ms: 60_000 } },
      /^\*More Actions\*, \*Send an Update\*, `resume` to go on/,
    ],
    ['a rollback under way', { phase: 'rolling_back' }, /^nothing; traffic is being put back$/],
    ['a clean-up', { phase: 'clean_up' }, /^nothing; blue is removed once nothing reaches it$/],
    ['a clean-up of unknown colours', { phase: 'clean_up', colours: null }, /^nothing; the old colour is removed/],
    ['a failed candidate of no colour', { phase: 'keep_failed', colours: null }, /The new colour is kept/],
    ['a failed candidate', { phase: 'keep_failed', outcome: 'rolled_back' }, /green is kept .* `release` ends that$/],
    [
      'a lease',
      { phase: 'lease', lease: { ends_at: START, old_colour: 'blue', old_healthy: true, old_size: 3 } },
      /^nothing\. blue is kept \(3 instances\) until 22:00:00 UTC; `release` removes it\. To go back now: .*`rollback`/,
    ],
    ['the end', { phase: 'closed', outcome: 'succeeded', reason: 'observed' }, /^nothing; the deployment has ended$/],
  ])('say what to do in %s', (_what, changes, expected) => {
    expect(toDo(changes)).toMatch(expected);
  });

  it('ask those who have not approved yet, with what to send', () => {
    const shown = toDo({ phase: 'approval', approval: APPROVAL });
    expect(shown).toContain('**approve or reject**, by ben@example.com, cem@example.com');
    expect(shown).toContain('data `{"by": "ben@example.com"}`');
    expect(shown).toContain('with `{"by": "ben@example.com", "digest": "sha256:0123456789ab"}`');
    expect(details({ phase: 'approval', approval: APPROVAL })).toContain('- Approvals: 1 of 2 by ana@example.com');
    expect(details({ approval: { ...APPROVAL, state: 'timed_out', approved_by: [] } })).toContain(
      '- Approval: timed out\n',
    );
  });

  it('tell why it was rolled back once, and nothing of phases that will not come', () => {
    const reason = 'error_rate > 5: 12 % against 5 %';
    const rollback = {
      requested_at: START,
      by: 'cutover',
      reason,
      automatic: true,
      from_phase: 'observation',
      restored_after_ms: 80,
      state: 'restored',
      note: null,
    } as const;
    const phases = [
      { ...phase('observation'), state: 'failed' as const, started_at: START, ended_at: START, share: 0, note: reason },
      phase('lease'),
    ];
    const shown = details({ phase: 'keep_failed', outcome: 'rolled_back', reason, rollback, phases });
    expect(shown).toContain('production: rolled back\n');
    expect(shown).toContain('- Why rolled back: **error_rate \\> 5: 12 % against 5 %**');
    expect(shown).toContain('- Rollback from observation at 22:00:00 UTC, automatic; **traffic back after 80 ms**');
    expect(shown.split('error_rate')).toHaveLength(2);
    expect(shown).not.toContain('to come');
    const byAna = {
      ...rollback,
      automatic: false,
      by: 'ana',
      reason: 'bad',
      restored_after_ms: null,
      state: 'writing',
    };
    expect(details({ rollback: byAna as DeploymentStatus['rollback'] })).toContain('by ana: bad; **writing**');
  });

  it('show every reading with the unit of its metric', () => {
    const reading = { limit: null, baseline: null, observations: 0, consecutive: 0, note: null };
    const criteria = [
      { ...reading, source: 'p99_latency < 20', kind: 'success', state: 'ok', value: 12.346, limit: 20 },
      {
        ...reading,
        source: 'error_rate > 1',
        kind: 'trigger',
        state: 'breached',
        value: 3,
        baseline: { value: 0.5, source: 'frozen' },
        observations: 40,
        note: '2 in a row',
      },
      { ...reading, source: 'cache_preloaded', kind: 'success', state: 'no_data', value: null },
    ] as const;
    const coverage = { judged: 9, expected: 10, percent: 90, longest_gap_ms: 1_000 };
    const evidence = { at: START, criteria: [...criteria], coverage };
    const shown = details({
      phases: [{ ...phase('health_check'), state: 'passed' as const, started_at: START, evidence }],
    });
    expect(shown).toContain('**Measured in health check (9 of 10 ticks judged, 90 %)**');
    expect(shown).toContain('- ✔ p99_latency \\< 20: **12.35 ms**, limit 20 ms\n');
    expect(shown).toContain(
      '- ✘ roll back when error_rate \\> 1: **3 %**, baseline 0.5 % (frozen), 40 observed, 2 in a row\n',
    );
    expect(shown).toContain('- ? cache_preloaded: no data');
  });

  it('let no text of people become markup', () => {
    const message = { at: START, name: 'pause', via: 'signal', request_id: null } as const;
    const shown = details({
      attention: ['<img>\n# [x](http://x)'],
      paused: { since: START, by: '*ana*', reason: '`y`', remaining_ms: 60_000 },
      rollback_needs_force: 'the <schema> has moved on',
      circuit: { trips: 2, open_until: START },
      parity: [
        { path: 'env.A', active: null, standby: '<1>' },
        { path: 'env.B', active: '2', standby: null },
      ],
      hooks: [
        { point: 'before_switch', name: 'migrate', state: 'passed', at: START, note: '<ok>' },
        { point: 'after_switch', name: 'purge', state: 'running', at: START, note: null },
      ],
      messages: [
        { ...message, by: '<ana>', reason: 'so', accepted: true, note: 'paused' },
        { ...message, by: 'ben', reason: null, accepted: false, note: 'it is paused' },
      ],
    });
    expect(shown).toContain('> **Attention: \\<img\\> # \\[x\\](http://x)**');
    expect(shown).toContain('**Paused** by \\*ana\\* since 22:00:00 UTC ( y ); 1m of the phase are left');
    expect(shown).toContain('**A rollback needs force:** the \\<schema\\> has moved on');
    expect(shown).toContain('share: 2; another try at 22:00:00 UTC');
    expect(shown).toContain('- env.A: (none) → \\<1\\>\n- env.B: 2 → (none)');
    expect(shown).toContain('- ✔ before switch: **migrate** \\<ok\\>\n- ▶ after switch: **purge**');
    expect(shown).toContain(
      '- 22:00:00 **pause** by \\<ana\\> (so): paused\n- 22:00:00 **pause** by ben: refused: it is',
    );
  });
});
