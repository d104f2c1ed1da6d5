import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { timesIn } from '../../../src/client/render/times.ts';
import { renderTree } from '../../../src/client/render/tree.ts';
import type { DeploymentStatus } from '../../../src/workflows/api.ts';
import { at, liveStatus, NOW_MS } from './status.ts';

const canvas = {
  columns: 120,
  colors: pc.createColors(false),
  nowMs: NOW_MS,
  times: timesIn('Asia/Tokyo'),
};

function shown(changes: Partial<DeploymentStatus>, execution: 'running' | 'completed' | 'taken_over' = 'running') {
  return renderTree(liveStatus(changes, { execution }), canvas);
}

describe('what is out of the ordinary', () => {
  it('is a pause, with who, why, what is left, and how to end it', () => {
    const paused = { since: at(-60_000), by: 'ben', reason: 'lunch', remaining_ms: 90_000 };
    const text = shown({ paused });
    expect(text).toContain('Paused since 20:59:00 GMT+9 by ben (lunch); its window has 1m30s left. Watching goes on.');
    expect(text).toContain('cutover resume production/checkout');
    expect(shown({ paused: { ...paused, reason: null, remaining_ms: null } })).toContain('by ben. Watching goes on.');
  });

  it('is what the colours differ in, at most ten of it', () => {
    const differences = Array.from({ length: 12 }, (_, index) => ({
      path: `env.KEY_${index}`,
      active: '1',
      standby: index === 0 ? null : '2',
    }));
    const text = shown({ parity: differences });
    expect(text).toContain('env.KEY_0: blue 1, green has none');
    expect(text).toContain('env.KEY_9: blue 1, green 2');
    expect(text).toContain('… and 2 more; --json lists all');
    expect(shown({ parity: [] })).not.toContain('differed');
    expect(shown({ parity: differences, colours: null })).toContain('env.KEY_0: active 1, standby has none');
  });

  it('is the last hooks, each with its time and its end', () => {
    const hook = { point: 'before_switch', name: 'migrate', state: 'passed', at: at(0), note: 'exit 0' } as const;
    const text = shown({
      hooks: [hook, { ...hook, point: 'after_switch', name: 'purge', state: 'failed', note: null }],
    });
    expect(text).toContain('21:00:00 before switch: migrate passed: exit 0');
    expect(text).toContain('21:00:00 after switch: purge failed');
  });

  it('is an error burst that stopped the share', () => {
    expect(shown({ circuit: { trips: 1, open_until: at(30_000) } })).toContain(
      "1 error burst stopped the candidate's share; next try in 30s",
    );
    expect(shown({ circuit: { trips: 2, open_until: null } })).toMatch(
      /2 error bursts stopped the candidate's share$/m,
    );
  });

  it('is that a rollback needs force, as long as one can be asked for', () => {
    const changes = { rollback_needs_force: 'the migration is not reversible' };
    expect(shown(changes)).toContain('A rollback needs force: the migration is not reversible');
    expect(shown(changes)).toContain('cutover rollback production/checkout --force');
    expect(shown(changes, 'completed')).not.toContain('needs force');
  });

  it('is how the old colour is kept, and that the next deployment took over', () => {
    const lease = { ends_at: at(3_600_000), old_colour: 'blue', old_healthy: null, old_size: 2 } as const;
    expect(shown({ phase: 'lease', lease })).toContain('blue is kept, × 2, of unknown health, for 1h');
    expect(shown({ phase: 'lease', lease: { ...lease, old_healthy: true } })).toContain('× 2, ready, for 1h');
    expect(shown({ outcome: 'succeeded' }, 'taken_over')).toContain(
      'Its lease has ended: the next deployment took over.',
    );
  });

  it('tells every time in the zone of the reader, notes of the deployment too', () => {
    const message = {
      at: at(0),
      name: 'extend_observation',
      via: 'update',
      by: 'ana',
      reason: null,
      request_id: null,
      accepted: true,
      note: `the observation now ends at ${at(60_000)}`,
    } as const;
    const text = shown({ messages: [message] });
    expect(text).toContain('Messages (GMT+9)');
    expect(text).toContain('21:00:00 extend observation by ana: the observation now ends at 2026-03-01 21:01:00 GMT+9');
    expect(text).not.toMatch(/T\d\d:\d\d:\d\d/);
  });
});
