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
