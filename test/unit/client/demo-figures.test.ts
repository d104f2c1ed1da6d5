import { describe, expect, it } from 'vitest';
import { figuresOf, type Observed } from '../../../src/client/demo/figures.ts';
import { type ClientRequest, lostOnes } from '../../../src/client/demo/load.ts';
import type { DeploymentStatus } from '../../../src/workflows/api.ts';

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const SECONDS = 6;
const GAP_MS = 4;

function iso(afterMs: number): string {
  return new Date(START_MS + afterMs).toISOString();
}

/** Every `every`th request goes to 2.0.0, all of them take `tookMs`; 250 requests/s. */
function requests(every: number, tookMs = 3): ClientRequest[] {
  return Array.from({ length: (SECONDS * 1_000) / GAP_MS }, (_, index) => {
    const startedMs = START_MS + index * GAP_MS;
    const version = index % every === every - 1 ? '2.0.0' : '1.0.0';
    return { startedMs, endedMs: startedMs + tookMs, status: 200, version, error: null };
  });
}

function observed(given: Partial<Observed>, switchedMs: number | null, rolledBackMs: number | null): Observed {
  const status = {
    version: '2.0.0',
    colours: { active: 'blue', candidate: 'green' },
    phases: [{ name: 'switch', started_at: switchedMs === null ? null : iso(switchedMs) }],
    rollback: rolledBackMs === null ? null : { requested_at: iso(rolledBackMs) },
  } as unknown as DeploymentStatus;
  return { status, fromMs: START_MS, toMs: START_MS + SECONDS * 1_000, requests: [], writes: [], ...given };
}

function write(atMs: number, green: number) {
  return { atMs: START_MS + atMs, weights: { blue: 100 - green, green } };
}

describe('the share that a candidate had', () => {
  it('is the highest weight among the router writes before the switch, and ever', () => {
    const writes = [write(100, 5), write(2_000, 10), write(4_001, 100), write(5_000, 0)];
    expect(figuresOf(observed({ writes }, 4_000, null))).toMatchObject({
      maxShareBeforeSwitch: 10,
      maxShareEver: 100,
    });
  });

  it('leaves out what other deployments wrote', () => {
    const writes = [write(-100, 100), write(100, 5), write(SECONDS * 1_000 + 1, 50)];
    expect(figuresOf(observed({ writes }, null, null)).maxShareEver).toBe(5);
  });

  it.each([3, 60, 400])('is never seen above the weight by clients whose requests take %d ms', (tookMs) => {
    const figures = figuresOf(observed({ requests: requests(10, tookMs), writes: [write(0, 10)] }, null, null));
    expect(figures.maxShareEver).toBe(10);
  });

  it('is no higher because a busy machine sends a second of requests at once, answered in another order', () => {
    const burst = requests(10).map((request, index) => ({
      ...request,
      startedMs: START_MS + Math.floor(index / 250) * 1_000,
      endedMs: START_MS + Math.floor(index / 250) * 1_000 + (request.version === '2.0.0' ? 5 : 900),
    }));
    expect(figuresOf(observed({ requests: burst, writes: [write(0, 10)] }, null, null)).maxShareEver).toBe(10);
  });

  it('is seen by clients where the router sends more than its weight says', () => {
    const figures = figuresOf(observed({ requests: requests(5), writes: [write(0, 10)] }, null, null));
    expect(figures.maxShareEver).toBeGreaterThan(18);
    expect(figures.maxShareEver).toBeLessThanOrEqual(20);
  });
});

describe('the times of a rollback', () => {
  const served = (startedMs: number, status: number | null): ClientRequest => ({
    startedMs: START_MS + startedMs,
    endedMs: START_MS + startedMs + 5,
    status,
    version: status === null ? null : '2.0.0',
    error: status === null ? 'ECONNRESET' : null,
  });

  it('run from the first bad answer to the request, and from there to the last request sent to the candidate', () => {
    const all = [served(1_000, 200), served(2_000, 500), served(2_500, 500), served(3_040, 200)];
    expect(figuresOf(observed({ requests: all }, 500, 3_000))).toMatchObject({
      detectMs: 3_000 - 2_005,
      rollbackMs: 40,
      served: 4,
      failed: 2,
    });
  });

  it('are null where nothing was bad, or nothing was rolled back, and never negative', () => {
    const good = [served(1_000, 200), served(2_000, 200)];
    expect(figuresOf(observed({ requests: good }, 500, 3_000))).toMatchObject({ detectMs: null, rollbackMs: 0 });
    expect(figuresOf(observed({ requests: good }, 500, null))).toMatchObject({ detectMs: null, rollbackMs: null });
  });

  it('count a request without a whole answer as failed, whoever lost it', () => {
    expect(lostOnes([served(1_000, null), served(1_001, 500), served(1_002, 200)])).toEqual(['1 × ECONNRESET']);
    expect(figuresOf(observed({ requests: [served(1_000, null)] }, null, null))).toMatchObject({
      failed: 1,
      served: 0,
    });
  });
});
