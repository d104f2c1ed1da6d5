import { describe, expect, it } from 'vitest';
import { changeLines } from '../../../src/client/render/lines.ts';
import { PHASES } from '../../../src/workflows/api.ts';
import { at, evidence, liveStatus, phase, reading } from './status.ts';

const running = PHASES.map((name) =>
  name === 'performance_validation'
    ? phase(name, { state: 'running', started_at: at(0), ends_at: at(60_000), share: 10 })
    : phase(name),
);

describe('the lines of a log', () => {
  it('begin with what is deployed and where it stands', () => {
    const [first, url, ...rest] = changeLines(null, liveStatus({ phases: running }));
    expect(first).toBe(
      `checkout 2.4.1 (was 2.4.0) → production, started by dana at ${at(-600_000)}: cutover/production/checkout`,
    );
    expect(url).toMatch(/^http:/);
    expect(rest).toEqual([
      `performance validation: running at 10 %, until ${at(60_000)}`,
      'traffic: blue 90 %, green 10 %',
    ]);
  });

  it('tell what reaches the candidate beside its share', () => {
    const exposed = { header: { name: 'X-Cutover', value: 'candidate' }, mirror_percent: null };
    const warmup = phase('warmup', { state: 'running', started_at: at(0), share: 0, exposed });
    expect(changeLines(null, liveStatus({ phases: [warmup] }))).toContain(
      'warmup: running at 0 %, header X-Cutover: candidate',
    );
  });

  it('say nothing when nothing but a value has changed', () => {
    const before = liveStatus({ phases: running }, { evidence: evidence(reading()) });
    const after = liveStatus({ phases: running }, { evidence: evidence(reading({ value: 22 })) });
    expect(changeLines(before, after)).toEqual([]);
  });

  it('tell of a criterion when its state changes, with value, limit and baseline', () => {
    const before = liveStatus({ phases: running }, { evidence: evidence(reading()) });
    const after = liveStatus({ phases: running }, { evidence: evidence(reading({ state: 'breached', value: 31 })) });
    expect(changeLines(before, after)).toEqual([
      'criterion p99_latency < baseline + 10ms: breached (31 ms, limit 28 ms, baseline 18 ms (concurrent), 1204 observed)',
    ]);
  });

  it('tell each message once, though the oldest records are dropped', () => {
    const message = (note: string) =>
      ({
        at: at(0),
        name: 'approve',
        via: 'update',
        by: 'ana',
        reason: null,
        request_id: note,
        accepted: true,
        note,
      }) as const;
    const before = liveStatus({ messages: [message('a'), message('b')] });
    expect(changeLines(before, liveStatus({ messages: [message('b'), message('c')] }))).toEqual(['approve by ana: c']);
  });

  it('tell once that no worker answers, and that one answers again', () => {
    const lost = liveStatus({ phases: running }, { answered: false, note: 'no worker is answering' });
    expect(changeLines(liveStatus({ phases: running }), lost)).toEqual([
      'no worker is answering; what the server has recorded stays',
    ]);
    expect(changeLines(lost, lost)).toEqual([]);
    expect(changeLines(lost, liveStatus({ phases: running }))).toEqual(['answering again']);
  });

  it('do not take a status without phases, put together from the server’s records, for changes of phases', () => {
    const known = liveStatus({ phases: running });
    const unknown = liveStatus({ phases: [], weights: null, colours: null }, { answered: false });
    expect(changeLines(known, unknown)).toEqual(['no worker is answering; what the server has recorded stays']);
  });

  it('tell of pauses, hooks, error bursts, differences and unsafe data once each', () => {
    const paused = { since: at(0), by: 'ben', reason: null, remaining_ms: 1_000 };
    const hook = { point: 'before_switch', name: 'migrate', state: 'running', at: at(0), note: null } as const;
    const after = liveStatus({
      paused,
      hooks: [hook],
      circuit: { trips: 1, open_until: at(30_000) },
      parity: [{ path: 'env.A', active: '1', standby: null }],
      rollback_needs_force: 'the data has moved on',
    });
    expect(changeLines(liveStatus(), after)).toEqual([
      'the colours differed at the start in 1: env.A',
      `paused by ben at ${at(0)}: cutover resume production/checkout`,
      'hook before switch: migrate running',
      `error burst 1 stopped the candidate's share; next try at ${at(30_000)}`,
      'a rollback needs force from now on: the data has moved on',
    ]);
    expect(changeLines(after, after)).toEqual([]);
    const ended = { ...hook, state: 'passed', note: 'exit 0' } as const;
    const going = { ...after, paused: null, hooks: [ended], circuit: { trips: 2, open_until: null } };
    expect(changeLines(after, going)).toEqual([
      'no longer paused',
      'hook before switch: migrate passed: exit 0',
      "error burst 2 stopped the candidate's share",
    ]);
  });

  it('tell that the next deployment took over', () => {
    expect(changeLines(liveStatus(), liveStatus({}, { execution: 'taken_over' }))).toEqual([
      'its lease has ended: the next deployment took over',
    ]);
  });

  it('say what an approval is bound to', () => {
    const approval = {
      state: 'pending' as const,
      required: 1,
      approvers: ['ana'],
      approved_by: [],
      expires_at: at(60_000),
      digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
    };
    expect(changeLines(liveStatus(), liveStatus({ approval }))).toEqual([
      `approval: waiting for 1 of ana until ${at(60_000)}: cutover approve production/checkout --by ana --digest 0123456789ab`,
    ]);
  });

  it('have no line break in them, whatever was sent', () => {
    const message = {
      at: at(0),
      name: 'reject',
      via: 'signal',
      by: 'a\nb',
      reason: '\u001b[31mred',
      request_id: null,
      accepted: false,
      note: 'x\r\ny',
    } as const;
    for (const line of changeLines(null, liveStatus({ messages: [message], attention: ['one\ntwo'] })))
      expect(line).not.toMatch(/\p{Cc}/u);
  });
});
