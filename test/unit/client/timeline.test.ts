import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { width } from '../../../src/client/render/text.ts';
import { renderTimeline } from '../../../src/client/render/timeline.ts';
import { timelineOf } from '../../../src/plan/timeline.ts';
import { ACTIVE_ONLY, load, REQUIRED, sharedPlan } from '../plan/support.ts';

const colors = pc.createColors(false);
const checkout = timelineOf(load(sharedPlan('checkout.yaml').text, []).plan);
const shown = renderTimeline(checkout, { columns: 80, colors });

describe('the timeline on a terminal', () => {
  it('has a line for each phase, with its criteria below', () => {
    expect(shown).toContain('checkout 2.4.1 → production\nplatform kubernetes · router gateway_api');
    expect(shown).toMatch(/\n 5m +performance validation +10 % {2}5m\n +✔ p99_latency < baseline \+ 10ms\n/);
    expect(shown).toMatch(/\n 10m +approval +10 % {2}up to 1h: 2 of 3 approvers\n/);
    expect(shown).toMatch(/\n 4h20m30s +lease +100 % {2}24h, the old colour at 20 %\n/);
  });

  it('tells the total, the shifts, what rolls back, and who is asked', () => {
    expect(shown).toMatch(/until the outcome is known +4h20m30s +at most \d+h/);
    expect(shown).toContain('10 → 25 %, proven within 30s (switch, step 1 of 3)');
    expect(shown).toContain('▲ availability < 99 — observation');
    expect(shown).toContain('fires\n    at 2 breaches in a row');
    expect(shown).toMatch(/asked at 10m, with 10 % on the candidate: 2 of ana@example.com,\n +ben@example.com/);
    expect(shown).toContain('without approval within 1h it is rolled back');
  });

  it('tells what reaches the candidate beside its share', () => {
    const plan = {
      ...{ platform: 'kubernetes', router: { gateway_api: { route: 'checkout' } } },
      metrics: { prometheus: { url: 'http://p:9090' } },
      blue_green_switch: {
        validation_phases: { warmup: { header: { 'X-Cutover': 'candidate' }, mirror_percentage: 10 } },
      },
    };
    const loaded = load(JSON.stringify(plan), ['service=checkout', 'version=2.4.1']).plan;
    const text = renderTimeline(timelineOf(loaded), { columns: 120, colors });
    expect(text).toMatch(/ 0s +warmup +0 % {2}3m\n +to the candidate: header X-Cutover: candidate, mirrored 10 %\n/);
    expect(text).toContain('0 → 0 %, header X-Cutover: candidate, mirrored 10 %, proven within 30s (warmup)');
    expect(text).toContain('0 → 100 %, proven within 30s (switch)');
  });

  it('says so when there is neither trigger nor approval, and what is left out', () => {
    const bare =
      'blue_green_switch: {validation_phases: {full_switch: {rollback_triggers: []}}}\nlease: {duration: 0s}';
    const text = renderTimeline(timelineOf(load(bare).plan), { columns: 80, colors });
    expect(text).toContain('no trigger is named');
    expect(text).not.toContain('no data');
    expect(text).toContain('nobody is asked to approve');
    expect(text).toMatch(/not in the plan: warmup, health check, performance validation,\s+approval,\s+lease/);
  });

  it('tells when scheduled work is moved, both ways', () => {
    const plan = load(ACTIVE_ONLY, REQUIRED.slice(0, 2)).plan;
    const text = renderTimeline(timelineOf(plan), { columns: 100, colors });
    expect(text).toMatch(/provision +0 % .*\n +⏸ first, scheduled work of the candidate is suspended\n/);
    expect(text).toMatch(/switch: scheduled work +100 % {2}no set time\n +⏵ it is suspended on the old colour, then/);
    expect(text).toContain('Scheduled work goes back to the old colour, after the traffic.');
    expect(shown).not.toContain('cheduled work');
  });

  it('tells of hooks, checks, parity, what is safe, and who is told', () => {
    const plan = [
      'require_parity: true',
      'checks: {queue: {http: {path: /q}}}',
      'blue_green_switch: {validation_phases: {warmup: {success_criteria: [queue]}}}',
      'hooks: {before_switch: [{name: expand, script: {command: [./expand]}}], on_rollback: [{name: off, http: {post: "http://f"}, attempts: 1}]}',
      'rollback_safe_until: observation',
      'lease: {shrink_to: 20%}',
      'notifiers: [{webhook: {url: "https://hooks.example.com/x"}}, {webhook: {url: "http://b", secret: {env: SMOKE_A}, events: all}}]',
    ].join('\n');
    const text = renderTimeline(timelineOf(load(plan).plan), { columns: 100, colors });
    expect(text).toMatch(/\n 0s +parity +0 % {2}stops if the colours differ\n/);
    expect(text).toContain('✔ queue: GET /q');
    expect(text).toMatch(
      /hooks before the switch +0 % {2}up to 1m30s\n +⚙ expand: .\/expand, 3 attempts of 30s each, else rollback\n/,
    );
    expect(text).toContain('Then: off: POST http://f, 1 attempt of 30s, else continue');
    expect(text).toMatch(
      /a rollback needs `--force` from 3m30s on, when the observation begins: data makes it\s+unsafe/,
    );
    expect(text).toMatch(/it has 20 % of its size then, so a rollback\s+scales it up first/);
    expect(text).toContain("· the worker's log: everything that happens");
    expect(text).toContain('· webhook hooks.example.com: what a person should act on, unsigned');
    expect(text).toMatch(/· webhook b: everything that happens\n?$/);
    expect(renderTimeline(timelineOf(load('').plan), { columns: 80, colors })).toContain('differences are listed');
  });

  it('fits into the columns whatever the plan holds, and lets no control character through', () => {
    const nasty = `${'\u001b[2J\u009b31m\u202e漢字'.repeat(30)}\n`;
    const approval = checkout.approval === null ? null : { ...checkout.approval, approvers: [nasty, 'x'.repeat(190)] };
    const hostile = { ...checkout, service: nasty, version: nasty, approval };
    for (const columns of [40, 80, 120]) {
      const lines = renderTimeline(hostile, { columns, colors }).split('\n');
      for (const line of lines) {
        expect(width(line)).toBeLessThanOrEqual(columns);
        expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
      }
    }
  });
});
