import { describe, expect, it } from 'vitest';
import { planDetails } from '../../../src/client/render/plan-details.ts';
import { formatExposure, formatShare, sameExposure } from '../../../src/plan/exposure.ts';
import { checkNormalisedPlan } from '../../../src/plan/normalised.ts';
import { timelineOf } from '../../../src/plan/timeline.ts';
import type { Exposure, PhasePlan } from '../../../src/plan/types.ts';
import { type BadPlan, expectOneError, load, PROMETHEUS, REQUIRED } from './support.ts';

const PHASES = 'blue_green_switch:\n  validation_phases:\n';
const WARMUP = 'blue_green_switch.validation_phases.warmup';
const GATEWAY = `platform: {kubernetes: {namespace: shop}}\nrouter: {gateway_api: {route: checkout}}\n${PROMETHEUS}\n`;
const ON_KUBERNETES = REQUIRED.slice(0, 2);
const header = { name: 'X-Cutover', value: 'candidate' };

const loaded = (phases: string) => load(`${GATEWAY}${PHASES}${phases}`, ON_KUBERNETES);

describe('what a phase exposes', () => {
  it('is part of the plan only where it is written', () => {
    const { phases } = loaded(
      '    warmup: {header: {X-Cutover: candidate}, mirror_percentage: 10%}\n    health_check: {mirror_percentage: 0}\n',
    ).plan;
    expect(phases.warmup?.expose).toEqual({ header, mirror_percent: 10 });
    expect(phases.health_check).not.toHaveProperty('expose');
    expect(phases.decision_window).not.toHaveProperty('expose');
  });

  it('takes a header’s value as it is written', () => {
    const { phases } = loaded(
      '    warmup: {header: {X-Canary: true}}\n    health_check: {header: {X-Build: 1.10}}',
    ).plan;
    expect(phases.warmup?.expose).toEqual({ header: { name: 'X-Canary', value: 'true' }, mirror_percent: null });
    expect(phases.health_check?.expose?.header).toEqual({ name: 'X-Build', value: '1.10' });
  });

  const BAD: BadPlan[] = [
    [
      'a header that is none',
      'header: {"X Cutover": a}',
      `VALUE 3:23 ${WARMUP}.header.X Cutover`,
      'X Cutover',
      'X-Cutover',
    ],
    ['two headers', 'header: {X-A: a, X-B: b}', `VALUE 3:14 ${WARMUP}.header`, '', 'one header'],
    ['no header', 'header: {}', `VALUE 3:14 ${WARMUP}.header`, '', 'one header'],
    ['a header without its value', 'header: X-A', `VALUE 3:22 ${WARMUP}.header`, '`X-A`', 'one header'],
    ['a value of two lines', 'header: {X-A: "a\\nb"}', `VALUE 3:28 ${WARMUP}.header.X-A`, '', 'candidate'],
    ['a value with blanks around it', 'header: {X-A: " a"}', `VALUE 3:28 ${WARMUP}.header.X-A`, '', 'blanks'],
    ['an empty value', 'header: {X-A: ""}', `VALUE 3:28 ${WARMUP}.header.X-A`, '', 'candidate'],
    ['a value beyond ASCII', 'header: {X-A: ä}', `VALUE 3:28 ${WARMUP}.header.X-A`, '', 'candidate'],
    [
      'a header that carries the request',
      'header: {Host: a}',
      `VALUE 3:29 ${WARMUP}.header.Host`,
      'of its own',
      'X-Cutover',
    ],
    [
      'the local router’s own header',
      'header: {X-Cutover-Colour: green}',
      `VALUE 3:41 ${WARMUP}.header.X-Cutover-Colour`,
      'of its own',
      '',
    ],
    ['more than all', 'mirror_percentage: 101', `VALUE 3:33 ${WARMUP}.mirror_percentage`, '101', 'percentage'],
    [
      'a mirror at a router without',
      'mirror_percentage: 10',
      `ROUTER 3:33 ${WARMUP}.mirror_percentage`,
      '`local` cannot send copies',
      'gateway_api',
    ],
  ];
  it.each(BAD)('is not %s', (_title, key, error, message, hint) => {
    const indent = error.startsWith('VALUE') || error.startsWith('ROUTER') ? '    warmup: {' : '';
    expectOneError(`${PHASES}${indent}${key}}`, error, message, hint);
  });

  const BEHIND: BadPlan[] = [
    [
      'copies in a phase with a share',
      `${GATEWAY}${PHASES}    health_check: {mirror_percentage: 10}`,
      'SHARES 6:39 blue_green_switch.validation_phases.health_check.mirror_percentage',
      'At 1 % the candidate has requests of its own',
      'traffic_percentage: 0',
    ],
    [
      'more copies than its size carries',
      `${GATEWAY}capacity: {validation: 25%}\n${PHASES}    warmup: {mirror_percentage: 50}`,
      `SHARES 7:33 ${WARMUP}.mirror_percentage`,
      '25 % of the size',
      'Write 25 or less',
    ],
    [
      'a header at 100 %',
      `${GATEWAY}${PHASES}    full_switch: {header: {X-A: a}}`,
      'UNKNOWN_KEY 6:19 blue_green_switch.validation_phases.full_switch.header',
      '',
      '',
    ],
    ...[
      ['service_selector', 'service: checkout'],
      ['traefik', 'service: checkout'],
    ].map(
      ([router, place]): BadPlan => [
        `a header at ${router}`,
        `platform: {kubernetes: {}}\nrouter: {${router}: {${place}}}\n${PROMETHEUS}\n${PHASES}    warmup: {header: {X-A: a}}`,
        `ROUTER 6:14 ${WARMUP}.header`,
        `\`${router}\` cannot send requests with a header`,
        'gateway_api',
      ],
    ),
  ];
  it.each(BEHIND)('is not %s', (_title, text, error, message, hint) => expectOneError(text, error, message, hint));

  it('goes by header at the local router, too', () => {
    expect(load(`${PHASES}    warmup: {header: {X-Cutover: candidate}}`).plan.phases.warmup?.expose?.header).toEqual(
      header,
    );
  });

  it('lets metrics be judged at 0 %', () => {
    const criterion = 'success_criteria: ["http_success_rate > 99"]';
    const doubtful = loaded(`    warmup: {${criterion}}`).warnings;
    expect(doubtful.map(({ message }) => message).join()).toContain('has no data in a phase at 0 %');
    expect(loaded(`    warmup: {${criterion}, mirror_percentage: 5}`).warnings).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['nothing', { header: null, mirror_percent: null }, 'a header, a mirror, or both'],
    [
      'a name that is none',
      { header: { name: 'a b', value: 'c' }, mirror_percent: null },
      'phases.warmup.expose.header',
    ],
    ['an endless value', { header: { name: 'a', value: 'c'.repeat(201) }, mirror_percent: null }, 'header.value'],
    ['no copies', { header: null, mirror_percent: 0 }, 'above 0'],
    ['another key', { header, mirror_percent: null, to: 'blue' }, 'keys that no plan has: to'],
  ])('is refused by the worker as raw JSON: %s', (_title, expose, problem) => {
    const { plan } = loaded('    warmup: {}');
    const warmup = { ...(plan.phases.warmup as PhasePlan), expose };
    expect(checkNormalisedPlan({ ...plan, phases: { ...plan.phases, warmup } }).join()).toContain(problem);
    const whole = { ...plan.phases.decision_window, expose: { header, mirror_percent: null } };
    expect(checkNormalisedPlan({ ...plan, phases: { ...plan.phases, decision_window: whole } })).toHaveLength(1);
  });
});

describe('the timeline of what is exposed', () => {
  const writes = (phases: string, more = '') =>
    timelineOf(load(`${GATEWAY}${more}${PHASES}${phases}`, ON_KUBERNETES).plan).router.requests.map((request) => [
      request.stage,
      formatShare(request.to_percent, request.exposed),
    ]);
  const exposed = '    warmup: {header: {X-Cutover: candidate}, mirror_percentage: 10}\n';

  it('has a write that exposes, and takes it away with the next share', () => {
    expect(writes(`${exposed}    performance_validation: {}`)).toEqual([
      ['warmup', '0 %, header X-Cutover: candidate, mirrored 10 %'],
      ['performance validation', '10 %'],
      ['switch', '100 %'],
    ]);
    expect(writes(exposed)).toEqual([
      ['warmup', '0 %, header X-Cutover: candidate, mirrored 10 %'],
      ['switch', '100 %'],
    ]);
  });

  it('takes it away before people are asked, and hooks are run', () => {
    expect(writes(exposed, 'approval: {approvers: [ana]}\n')[1]).toEqual(['approval', '0 %']);
    const hooks = 'hooks: {before_switch: [{name: a, http: {post: "https://a.example.com"}}]}\n';
    expect(writes(exposed, hooks)[1]).toEqual(['hooks before the switch', '0 %']);
  });

  it('writes nothing between phases that expose the same', () => {
    const header = 'header: {X-Cutover: candidate}';
    const phases = `    warmup: {${header}}\n    health_check: {${header}, traffic_percentage: 0}\n`;
    expect(writes(phases).map(([stage]) => stage)).toEqual(['warmup', 'switch']);
  });

  it('is told in the Web UI’s input, too', () => {
    const shown = planDetails(loaded(exposed).plan, 'dora@example.com');
    expect(shown).toContain('| warmup | 3m | 0 %, header X-Cutover: candidate, mirrored 10 % |');
  });
});

describe('what is exposed', () => {
  const whole: Exposure = { header, mirror_percent: 10 };

  it('is compared in each part', () => {
    expect(sameExposure(null, null)).toBe(true);
    expect(sameExposure(whole, structuredClone(whole))).toBe(true);
    for (const other of [
      null,
      { ...whole, header: null },
      { ...whole, header: { ...header, value: 'b' } },
      { ...whole, header: { ...header, name: 'X-B' } },
      { ...whole, mirror_percent: null },
      { ...whole, mirror_percent: 5 },
      { ...whole, partly: true as const },
    ]) {
      expect(sameExposure(whole, other)).toBe(false);
      expect(sameExposure(other, whole)).toBe(false);
    }
  });

  it('is told in words', () => {
    expect(formatExposure(whole)).toBe('header X-Cutover: candidate, mirrored 10 %');
    expect(formatExposure({ header: null, mirror_percent: 0.5 })).toBe('mirrored 0.5 %');
    expect(formatShare(0, whole)).toBe('0 %, header X-Cutover: candidate, mirrored 10 %');
    expect(formatShare(5, null)).toBe('5 %');
  });
});
