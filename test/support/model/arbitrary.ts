/** Random scenarios. Most of a run goes well, so that it gets far enough for the rest to matter. */
import fc from 'fast-check';
import { MESSAGES } from '../../../src/workflows/api.ts';
import { MUTATIONS } from './mutations.ts';
import { APPROVER } from './plan-of.ts';
import type {
  Act,
  MutationFault,
  OtherActivity,
  OtherFault,
  PlanChoice,
  Scenario,
  WatcherWord,
  When,
} from './scenario.ts';

const PHASES = [
  'claim',
  'provision',
  'warmup',
  'health_check',
  'performance_validation',
  'approval',
  'switch',
  'decision_window',
  'observation',
  'lease',
  'clean_up',
  'rolling_back',
  'stuck',
  'keep_failed',
] as const;

const OTHERS: OtherActivity[] = [
  'awaitReady',
  'awaitConverged',
  'awaitDrained',
  'proveNoTraffic',
  'measureBaseline',
  'runSmoke',
  'runHook',
  'watchKept',
  'moveScheduledWork',
  'notify',
];

/** Often the very moment in which something else ends, too. */
const delayMs = fc.oneof(
  fc.constantFrom(0, 5_000, 12_000, 15_000, 20_000),
  fc.integer({ min: 1, max: 400 }),
  fc.integer({ min: 400, max: 30_000 }),
);
const nth = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 12 }));
const usually = <T>(value: T, ...others: T[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: fc.constantFrom(value, ...others) });

export const plans: fc.Arbitrary<PlanChoice> = fc.record({
  strategy: fc.constantFrom('instant', 'gradual', 'validation'),
  warmup: fc.boolean(),
  healthShare: fc.constantFrom(null, 0, 1, 5),
  performanceShare: fc.constantFrom(null, 10, 25),
  smoke: fc.boolean(),
  approval: fc.constantFrom('none', 'rollback', 'continue'),
  windowMs: fc.constantFrom(5_000, 12_000),
  observationMs: fc.constantFrom(0, 15_000),
  leaseMs: fc.constantFrom(0, 20_000),
  shrinkToPercent: usually<number | null>(null, 25, 50),
  validationPercent: fc.constantFrom(50, 100),
  circuitBreak: fc.boolean(),
  hooks: fc.array(
    fc.record({
      point: fc.constantFrom('before_switch', 'after_switch', 'on_rollback', 'before_cleanup'),
      onFailure: fc.constantFrom('rollback', 'continue', 'hold'),
    }),
    { maxLength: 2 },
  ),
  safeUntil: usually<PlanChoice['safeUntil']>(null, 'switch', 'observation', 'lease', 10_000),
  onNoData: fc.constantFrom('hold', 'rollback'),
  baseline: fc.boolean(),
  requireParity: fc.boolean(),
  versioned: usually(false, true),
  activeOnly: fc.boolean(),
});

const mutationFault: fc.Arbitrary<MutationFault> = fc.oneof(
  fc.record({ kind: fc.constantFrom('fail', 'lost', 'twice', 'dead') }),
  fc.record({ kind: fc.constantFrom('late', 'slow', 'frozen'), ms: delayMs }),
);

const word: fc.Arbitrary<WatcherWord> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      verdict: fc.constantFrom('breached', 'failed', 'no_data', 'tripped', 'tripped'),
      afterMs: delayMs,
    }),
  },
  { weight: 2, arbitrary: fc.record({ verdict: fc.constant('gap'), growMs: fc.integer({ min: 1, max: 20_000 }) }) },
  { weight: 2, arbitrary: fc.record({ verdict: fc.constant('silent'), attempts: fc.constantFrom(1, 3, 1_000) }) },
  { weight: 1, arbitrary: fc.record({ verdict: fc.constant('broken') }) },
);

const otherFault: fc.Arbitrary<OtherFault> = fc.oneof(
  fc.record({ kind: fc.constantFrom('fail', 'dead') }),
  fc.record({ kind: fc.constant('slow'), ms: delayMs }),
);

const when: fc.Arbitrary<When> = fc.oneof(
  fc.record({ at: fc.integer({ min: 0, max: 180_000 }) }),
  fc.record({ phase: fc.constantFrom(...PHASES), afterMs: delayMs }),
  fc.record({ write: nth, afterMs: delayMs }),
);

const payload = fc.oneof(
  fc.constantFrom(undefined, null, 'in a hurry', 7, [], {}),
  fc.record(
    {
      by: fc.constantFrom(APPROVER, 'ben@example.com', 'dora@example.com', 'eve@example.com'),
      reason: fc.constantFrom('errors', 7),
      force: fc.boolean(),
      duration: fc.constantFrom('10s', '-10s', '-4s', 'soon'),
      request_id: fc.constantFrom('a', 'b'),
    },
    { requiredKeys: ['by'] },
  ),
);

const message: fc.Arbitrary<Act> = fc.record({
  kind: fc.constant('message'),
  name: fc.oneof(fc.constant('rollback'), fc.constantFrom(...MESSAGES)),
  via: fc.constantFrom('signal', 'update', 'both', 'twice'),
  payload,
});
const side = fc.constantFrom('active', 'standby');

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: message },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('start', 'cancel', 'evict', 'direct', 'claimed') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('foreign'), blue: fc.constantFrom(0, 30, 100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose'), side, left: fc.constantFrom(0, 1, 2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recover'), side }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unreadable'), side, ms: delayMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('router_down'), ms: delayMs }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('outage'),
      how: fc.constantFrom('killed', 'frozen', 'busy'),
      ms: fc.oneof(delayMs, fc.constant(7_200_000)),
    }),
  },
);

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  plan: plans,
  size: fc.integer({ min: 1, max: 4 }),
  taskDelaysMs: fc.array(fc.constantFrom(0, 0, 3, 200), { maxLength: 3 }),
  cancelDelaysMs: fc.array(fc.constantFrom(0, 100, 4_000), { maxLength: 3 }),
  readyDelayMs: fc.constantFrom(0, 700, 9_000),
  convergence: fc.array(fc.record({ nth, ms: delayMs }), { maxLength: 1 }),
  faults: fc.array(fc.record({ activity: fc.constantFrom(...MUTATIONS, 'shiftTraffic'), nth, fault: mutationFault }), {
    maxLength: 4,
  }),
  watchers: fc.array(fc.record({ nth, word }), { maxLength: 2 }),
  others: fc.array(fc.record({ activity: fc.constantFrom(...OTHERS), nth, fault: otherFault }), { maxLength: 2 }),
  events: fc.array(fc.record({ when, act }), { maxLength: 5 }),
  approvalAfterMs: fc.constantFrom(0, 500, 5_000, 20_000, null),
});
