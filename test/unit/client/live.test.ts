import { describe, expect, it } from 'vitest';
import { evidenceIn } from '../../../src/client/live.ts';
import { carryOver } from '../../../src/client/watch.ts';
import { evidence, liveStatus, reading } from './status.ts';

describe('heartbeat details of a watcher', () => {
  it('give the newest evidence', () => {
    const live = evidence(reading(), reading({ value: null, limit: null, baseline: null, state: 'no_data' }));
    expect(evidenceIn({ state: {}, live })).toEqual(live);
  });

  it.each([
    null,
    'text',
    [],
    {},
    { live: null },
    { live: { at: 1, criteria: [], coverage: {} } },
    { live: { ...evidence(), coverage: { judged: 'x' } } },
    { live: { ...evidence(), criteria: [{}] } },
    { live: { ...evidence(), criteria: [null] } },
    { live: { ...evidence(), criteria: [{ ...reading(), value: 'x' }] } },
  ])('that are something else give none: %j', (details) => {
    expect(evidenceIn(details)).toBeNull();
  });
});

describe('a look that no worker answered', () => {
  const known = liveStatus({ phase: 'observation', attention: ['look'] });
  const recorded = liveStatus(
    { phase: 'observation', phases: [], weights: null, attention: [], previous_version: null },
    { answered: false },
  );

  it('keeps what the workflow told before', () => {
    expect(carryOver(known, recorded)).toEqual({ ...known, live: recorded.live });
  });

  it('takes phase and outcome from the server', () => {
    const ended = { ...recorded, phase: 'closed', outcome: 'rolled_back', reason: 'why' } as const;
    expect(carryOver(known, ended)).toMatchObject({
      phase: 'closed',
      outcome: 'rolled_back',
      reason: 'why',
      attention: ['look'],
    });
  });

  it('keeps it in the run that the lease continues as, and has nothing to keep at first', () => {
    const lease = { ...recorded, run_id: 'run-2' };
    expect(carryOver(known, lease)).toEqual({ ...known, run_id: 'run-2', live: lease.live });
    expect(carryOver(null, recorded)).toBe(recorded);
  });
});
