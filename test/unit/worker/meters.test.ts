import type { WorkflowInfo } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';
import { createMeters } from '../../../src/worker/metrics/meters.ts';
import { measureSlots } from '../../../src/worker/metrics/slots.ts';

const INFO = { runId: 'run-1' } as WorkflowInfo;

describe('the meters', () => {
  it('know every outcome before the first deployment', async () => {
    const page = await createMeters().registry.metrics();
    expect(page).toContain('cutover_deployments_started_total 0\n');
    for (const outcome of ['succeeded', 'rolled_back', 'rejected', 'inconclusive', 'stuck']) {
      expect(page).toContain(`cutover_deployments_ended_total{outcome="${outcome}"} 0\n`);
    }
    expect(page).toContain('cutover_watch_ticks_total{result="missed"} 0\n');
  });

  it('count what workflows tell, and never while they are replayed', async () => {
    const { registry, sinks } = createMeters();
    const { started, phaseEnded, rollbackRestored, ended } = sinks.meters;
    await started.fn(INFO);
    await phaseEnded.fn(INFO, 'warmup', 3_000, 'passed');
    await rollbackRestored.fn(INFO, 250, 'observation', true);
    await ended.fn(INFO, 'rolled_back');
    // A workflow task that is tried again.
    await ended.fn(INFO, 'rolled_back');
    const page = await registry.metrics();
    expect(page).toContain('cutover_deployments_started_total 1\n');
    expect(page).toContain('cutover_phase_duration_seconds_sum{phase="warmup",state="passed"} 3\n');
    expect(page).toContain('cutover_phase_duration_seconds_bucket{le="1",phase="warmup",state="passed"} 0\n');
    expect(page).toContain('cutover_rollback_seconds_sum{from_phase="observation",automatic="true"} 0.25\n');
    expect(page).toContain('cutover_deployments_ended_total{outcome="rolled_back"} 1\n');
    for (const sink of Object.values(sinks.meters)) expect(sink.callDuringReplay ?? false).toBe(false);
  });

  it('follow watchers, and forget those that ended', async () => {
    const { registry, observer } = createMeters();
    const good = observer.began();
    const bad = observer.began();
    good.ticked({ lagMs: 20, judged: 1, missed: 0, coveragePercent: 100 });
    bad.ticked({ lagMs: 700, judged: 0, missed: 3, coveragePercent: 40 });
    const during = await registry.metrics();
    expect(during).toContain('cutover_watchers 2\n');
    expect(during).toContain('cutover_watch_coverage_ratio 0.4\n');
    expect(during).toContain('cutover_watch_ticks_total{result="judged"} 1\n');
    expect(during).toContain('cutover_watch_ticks_total{result="missed"} 3\n');
    expect(during).toContain('cutover_watch_lag_seconds_sum 0.72\n');
    bad.ended();
    good.ended();
    const after = await registry.metrics();
    expect(after).toContain('cutover_watchers 0\n');
    expect(after).toContain('cutover_watch_coverage_ratio 1\n');
  });

  it('count calls of adapters, and the errors among them', async () => {
    const { registry, adapters } = createMeters();
    const call = { role: 'router', kind: 'local', operation: 'shift', seconds: 0.04 } as const;
    adapters.called({ ...call, result: 'ok', code: null });
    adapters.called({ ...call, result: 'error', code: 'timeout' });
    const page = await registry.metrics();
    const labels = 'role="router",kind="local",operation="shift"';
    expect(page).toContain(`cutover_adapter_seconds_count{${labels},result="ok"} 1\n`);
    expect(page).toContain(`cutover_adapter_seconds_count{${labels},result="error"} 1\n`);
    expect(page.match(/^cutover_adapter_errors_total\{.*/gm)).toEqual([
      `cutover_adapter_errors_total{${labels},code="timeout"} 1`,
    ]);
  });

  it('read slots at the scrape, and none before there is a worker', async () => {
    const { registry } = createMeters();
    let used = 3;
    const queue = () => [{ queue: 'cutover', state: 'RUNNING', used, slots: 5 }];
    let isThere = false;
    measureSlots(registry, () => (isThere ? queue() : []));
    expect(await registry.metrics()).not.toContain('cutover_slots{');
    isThere = true;
    expect(await registry.metrics()).toContain('cutover_slots{queue="cutover",state="available"} 2\n');
    used = 6;
    const full = await registry.metrics();
    expect(full).toContain('cutover_slots{queue="cutover",state="used"} 6\n');
    expect(full).toContain('cutover_slots{queue="cutover",state="available"} 0\n');
  });
});
