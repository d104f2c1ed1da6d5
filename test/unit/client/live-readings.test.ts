import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { readingsOf } from '../../../src/client/live-readings.ts';
import { renderLive } from '../../../src/client/render/live.ts';
import { timesIn } from '../../../src/client/render/times.ts';
import { at, evidence, liveStatus, NOW_MS, reading } from './status.ts';

const canvas = { columns: 120, colors: pc.createColors(false), nowMs: NOW_MS, times: timesIn('UTC') };

describe('live readings', () => {
  it('are as old as the watcher’s word, and never of the future', () => {
    const status = liveStatus({}, { evidence: evidence(reading()) });
    expect(readingsOf(status, NOW_MS)).toEqual({ read_at: at(0), evidence_age_ms: 500 });
    expect(readingsOf(status, NOW_MS - 2_000).evidence_age_ms).toBe(0);
    expect(readingsOf(liveStatus(), NOW_MS).evidence_age_ms).toBeNull();
  });

  it('are shown with their age, and with what is waited for', () => {
    const waiting = {
      name: 'awaitReady',
      detail: '1 of 3 ready',
      attempt: 2,
      failure: 'refused',
      heartbeat_at: at(-800),
    };
    const silent = { name: 'notify', detail: null, attempt: 1, failure: null, heartbeat_at: null };
    const status = liveStatus({}, { evidence: evidence(reading()), activities: [waiting, silent] });
    const shown = renderLive(status, readingsOf(status, NOW_MS), canvas);
    expect(shown).toContain('Live at 12:00:00 UTC\n   judged 500ms before');
    expect(shown).toMatch(/✔ p99_latency < baseline \+ 10ms +21\.4 ms/);
    expect(shown).toContain('… awaitReady: 1 of 3 ready; attempt 2; refused; heard of 800ms ago');
    expect(shown).toContain('… notify: not heard of yet');
  });

  it('are none when nobody is watching', () => {
    const shown = renderLive(liveStatus(), readingsOf(liveStatus(), NOW_MS), canvas);
    expect(shown).toContain('nobody is watching at this moment');
    expect(shown).not.toContain('waited for');
  });
});
