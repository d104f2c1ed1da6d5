/** One line per way to be wrong: the text, and the one located error that it must give. */
import { describe, expect, it } from 'vitest';
import { type BadPlan, errorsOf, expectOneError, PROMETHEUS, REQUIRED } from './support.ts';

const PHASES = 'blue_green_switch:\n  validation_phases:\n';

/** Twelve to the power of five from five lines. */
const BOMB = ['a', 'b', 'c', 'd', 'e']
  .map(
    (name, index) =>
      `${name}: &${name} [${Array(12)
        .fill(index === 0 ? 'x' : `*${'abcd'[index - 1]}`)
        .join(', ')}]`,
  )
  .join('\n');

const DNS_RECORDS: BadPlan[] = [
  ['no record', `router: {route53: {zone: z}}\n${PROMETHEUS}`, 'VALUE 1:10 router.route53', '', '`records` instead'],
  [
    'a record twice',
    `router: {route53: {zone: z, record: a, records: [{zone: z, record: b}]}}\n${PROMETHEUS}`,
    'VALUE 1:10 router.route53',
    '',
    '`records` instead',
  ],
  [
    'a time to live of half a second',
    `router: {route53: {zone: z, record: a, ttl: 500ms}}\n${PROMETHEUS}`,
    'VALUE 1:45 router.route53.ttl',
    '500ms',
    'whole seconds',
  ],
  [
    'a name server without port',
    `router: {route53: {zone: z, record: a, name_servers: [192.0.2.1]}}\n${PROMETHEUS}`,
    'VALUE 1:55 router.route53.name_servers[0]',
    '192.0.2.1',
    '192.0.2.53:53',
  ],
  [
    'an identifier of both colours',
    `router: {route53: {zone: z, record: a, set_identifiers: {blue: [x, y], green: y}}}\n${PROMETHEUS}`,
    'VALUE 1:40 router.route53.set_identifiers',
    '',
    'one colour only',
  ],
];

const SYNTAX: BadPlan[] = [
  ['an open bracket', 'switch: {steps: [25, 50', 'SYNTAX 1:24 ', 'not YAML', ''],
  ['a tab as indentation', 'switch:\n\tdrain: 5s', 'SYNTAX 2:1 ', 'Tabs', 'spaces'],
  ['two documents', 'lease: {}\n---\nlease: {}', 'SYNTAX 2:1 ', 'multiple documents', 'file of its own'],
  ['a key given twice', 'lease: {}\nservice: a\nlease: {}', 'DUPLICATE_KEY 3:1 lease', 'line 1', 'one of the two'],
  ['an alias without an anchor', 'lease: *x', 'SYNTAX 1:8 lease', 'names no anchor', '&x'],
  ['a merge key', 'lease: &l {duration: 1h}\nobservation:\n  <<: *l', 'FORBIDDEN_TEXT 3:3 observation', '<<', 'file'],
  ['a tag', 'lease: !secret x', 'SYNTAX 1:8 ', 'tag', 'no tags'],
  ['another YAML', '%YAML 1.1\n---\nrequire_parity: no', 'SYNTAX 1:1 ', '1.1', 'Remove'],
  ['a number that is none', 'lease: {shrink_to: .nan}', 'SYNTAX 1:20 lease.shrink_to', 'no text, number', ''],
  ['a list as key', '? [a]\n: 1', 'SYNTAX 1:3 ', 'keys must be strings', ''],
  ['a key that reaches a prototype', 'switch:\n  __proto__: {drain: 5s}', 'FORBIDDEN_TEXT 2:3 switch', '__proto__', ''],
  ['the key constructor', 'constructor: 1', 'FORBIDDEN_TEXT 1:1 ', 'constructor', ''],
  ['a control character', 'environment: "prod\\x07"', 'FORBIDDEN_TEXT 1:14 environment', 'U+0007', ''],
  ['text that reads backwards', 'environment: "a\\u202Eb"', 'FORBIDDEN_TEXT 1:14 environment', 'U+202E', ''],
  ['deep brackets', `lease: ${'['.repeat(70)}${']'.repeat(70)}`, 'TOO_LARGE 1:72 lease[0][0]', 'deeper than 64', ''],
  ['endless brackets', `lease: ${'['.repeat(50_000)}`, 'TOO_LARGE 1:78 ', 'deeper than 64', 'brackets'],
  ['a terminal escape', 'environment: "\\e[2Jprod"', 'FORBIDDEN_TEXT 1:14 environment', 'U+001B', ''],
  [
    'a raw terminal escape',
    'approval: {approvers: ["\u001b[31mana"]}',
    'FORBIDDEN_TEXT 1:24 approval.approvers[0]',
    'U+001B',
    '',
  ],
  ['a terminal escape in a key', 'lease:\n  "\\e[2J": 1', 'FORBIDDEN_TEXT 2:3 lease', 'U+001B', ''],
  ['an 8-bit terminal escape', 'environment: "a\\x9b31m"', 'FORBIDDEN_TEXT 1:14 environment', 'U+009B', ''],
  ['a title that the terminal would take', 'version: "1\\e]0;x\\a"', 'FORBIDDEN_TEXT 1:10 version', 'U+001B', ''],
  [
    'a space that takes no room',
    'approval: {approvers: ["ana\u200b"]}',
    'FORBIDDEN_TEXT 1:24 approval.approvers[0]',
    'U+200B',
    '',
  ],
  [
    'a prototype key among free names',
    'platform: {local: {env: {__proto__: x}}}',
    'FORBIDDEN_TEXT 1:26 platform.local.env',
    '__proto__',
    '',
  ],
  [
    'the key prototype, in flow',
    'smoke: {health: {expect: {prototype: 1}}}',
    'FORBIDDEN_TEXT 1:27 smoke.health.expect',
    'prototype',
    '',
  ],
  ['an endless key', `"${'k'.repeat(500)}": 1`, 'FORBIDDEN_TEXT 1:1 ', 'longer than 300', 'quote'],
  [
    'a number without end',
    `lease: {shrink_to: ${'9'.repeat(400)}}`,
    'SYNTAX 1:20 lease.shrink_to',
    'no text, number',
    '',
  ],
  ['a bomb of aliases', BOMB, 'TOO_LARGE 1:32 e[0][11][4][8][8]', 'aliases followed', ''],
  ['deep maps', `${'{a: '.repeat(70)}1${'}'.repeat(70)}`, 'TOO_LARGE 1:261 a.a.a', 'deeper than 64', ''],
  ['bytes of another encoding', 's\u0000e\u0000r\u0000', 'FORBIDDEN_TEXT 1:1 ', 'U+0000', ''],
  ['an alias within itself', 'lease: &a [*a]', 'TOO_LARGE 1:12 lease[0][0]', 'deeper than 64', 'alias'],
];

const KEYS: BadPlan[] = [
  ['a list for a plan', '- service', 'VALUE 1:1 ', 'a list', ''],
  ['a misspelt key', 'lease: {}\nobservaton: {}', 'UNKNOWN_KEY 2:1 observaton', 'no key in a plan', '`observation`'],
  ['a misspelt inner key', 'switch:\n  stratgey: gradual', 'UNKNOWN_KEY 2:3 switch.stratgey', '`switch`', '`strategy`'],
  [
    'a key in the wrong place',
    'blue_green_switch:\n  full_switch: {}',
    'UNKNOWN_KEY 2:3 blue_green_switch.full_switch',
    '',
    'validation_phases.full_switch',
  ],
  ['a key like no other', 'zzzzzz: 1', 'UNKNOWN_KEY 1:1 zzzzzz', '', 'service, environment'],
  [
    'a misspelt phase',
    `${PHASES}    warm_up: {}`,
    'UNKNOWN_KEY 3:5 blue_green_switch.validation_phases.warm_up',
    '',
    '`warmup`',
  ],
  [
    'a misspelt key of a step',
    'switch: {strategy: gradual, steps: [{shar: 25}, 100]}',
    'UNKNOWN_KEY 1:38 switch.steps[0].shar',
    '',
    '`share`',
  ],
  ['an unknown router', 'router: istioo', 'UNKNOWN_KEY 1:9 router.istioo', 'no key in `router`', '`istio`'],
  [
    'an adapter without what it needs',
    'router: {istio: {}}',
    'MISSING_KEY 1:10 router.istio.virtual_service',
    'missing',
    'VirtualService',
  ],
  [
    'a selector of sets',
    `platform: {kubernetes: {active_only: "app in (a, b)"}}\nrouter: {service_selector: {service: a}}\n${PROMETHEUS}`,
    'VALUE 1:38 platform.kubernetes.active_only',
    'app in (a, b)',
    'app=checkout,cutover.dev/active-only=true',
  ],
  [
    'a selector of everything',
    `platform: {kubernetes: {active_only: ","}}\nrouter: {service_selector: {service: a}}\n${PROMETHEUS}`,
    'VALUE 1:38 platform.kubernetes.active_only',
    'is `,`',
    'app=checkout,cutover.dev/active-only=true',
  ],
  [
    'two platforms',
    'platform:\n  local: {}\n  ecs: {cluster: a, services: {blue: b, green: c}}',
    'VALUE 3:3 platform.ecs',
    'local and ecs',
    'one',
  ],
];

const VALUES: BadPlan[] = [
  ['a number for a duration', 'switch: {drain: 30}', 'DURATION 1:17 switch.drain', 'the number 30', '30s'],
  ['a unit that is none', 'switch: {drain: 30sec}', 'DURATION 1:17 switch.drain', '`30sec`', '30s'],
  ['a negative duration', 'lease:\n  duration: -5m', 'DURATION 2:13 lease.duration', '`-5m`', ''],
  [
    'a phase of no length',
    `${PHASES}    warmup: {duration: 0s}`,
    'DURATION 3:24 blue_green_switch.validation_phases.warmup.duration',
    'longer than nothing',
    'leave it out',
  ],
  [
    'a year of observation',
    'observation: {duration: 365d}',
    'DURATION 1:25 observation.duration',
    'longer than 90d',
    'unit',
  ],
  [
    'more milliseconds than a number holds',
    'lease: {duration: 999999999999999d}',
    'DURATION 1:19 lease.duration',
    'longer',
    '',
  ],
  ['too fine a resolution', 'metrics: {resolution: 100ms}', 'DURATION 1:23 metrics.resolution', '250ms', ''],
  [
    'finer than the provider',
    'metrics: {prometheus: {url: "http://p:9090"}, resolution: 500ms}',
    'DURATION 1:59 metrics.resolution',
    'prometheus',
    '1s',
  ],
  [
    'a window below the resolution',
    'metrics: {resolution: 5s, window: 2s}',
    'DURATION 1:35 metrics.window',
    'shorter than the resolution',
    '5s',
  ],
  [
    'a gap below the resolution',
    'metrics: {resolution: 5s, max_gap: 2s}',
    'DURATION 1:36 metrics.max_gap',
    'shorter',
    '5s',
  ],
  [
    'a workload without its group',
    'platform: {kubernetes: {workload: Rollout}}',
    'VALUE 1:35 platform.kubernetes.workload',
    '`Rollout`',
    'GROUP/VERSION/Kind',
  ],
  [
    'no request at all',
    'platform: {kubernetes: {requests_per_second: 0}}',
    'VALUE 1:46 platform.kubernetes.requests_per_second',
    'the number 0',
    'from 1 to',
  ],
  [
    'a probe that cannot tell who answers',
    'router: {service_selector: {service: a, probe: {url: "http://a.b"}}}',
    'VALUE 1:41 router.service_selector.probe',
    'a map',
    'either a header or a field',
  ],
  ['an impossible coverage', 'metrics: {coverage: 120}', 'VALUE 1:21 metrics.coverage', 'the number 120', '0 to 100'],
  [
    'a share that is no share',
    `${PHASES}    warmup: {traffic_percentage: ten}`,
    'VALUE 3:34 blue_green_switch.validation_phases.warmup.traffic_percentage',
    '`ten`',
    '20%',
  ],
  [
    'a share finer than a hundredth',
    `${PHASES}    warmup: {traffic_percentage: 0.001}`,
    'VALUE 3:34 blue_green_switch.validation_phases.warmup.traffic_percentage',
    '0.001',
    '',
  ],
  ['part of a breach', 'metrics: {consecutive: 1.5}', 'VALUE 1:24 metrics.consecutive', '1.5', '1 to 1000'],
  ['an unknown strategy', 'switch: {strategy: rolling}', 'VALUE 1:20 switch.strategy', '`rolling`', 'instant, gradual'],
  ['a word for a boolean', 'require_parity: yes', 'VALUE 1:17 require_parity', '`yes`', 'true or false'],
  [
    'a text for a list',
    `${PHASES}    warmup: {success_criteria: cache_preloaded}`,
    'VALUE 3:32 blue_green_switch.validation_phases.warmup.success_criteria',
    '',
    'a list',
  ],
  ['a path that is no path', 'smoke: {health: {path: health}}', 'VALUE 1:24 smoke.health.path', '`health`', '/health'],
  [
    'a status that is no status',
    'smoke:\n  endpoints:\n    - {path: /a, status: 42}',
    'VALUE 3:26 smoke.endpoints[0].status',
    '42',
    '100 to 599',
  ],
  [
    'a smoke timeout below its bound',
    'smoke: {max_response_time: 9s, timeout: 1s}',
    'DURATION 1:41 smoke.timeout',
    '1s',
    '9s',
  ],
  [
    'a query that is none',
    'metrics: {scrape: {queries: {q: "sum(rate(a[1m]))"}}}',
    'VALUE 1:33 metrics.scrape.queries.q',
    'sum(rate',
    'per_request',
  ],
  [
    'a name that is no variable',
    'platform: {local: {env: {A-B: x}}}',
    'VALUE 1:26 platform.local.env.A-B',
    'A-B',
    'underscores',
  ],
];

const FLOW = 'smoke:\n  flows:\n    - name: order\n      steps:\n        - ';
const FLOWS: BadPlan[] = [
  [
    'a value that nobody captured',
    `${FLOW}{get: "/orders/{{order}}"}`,
    'SMOKE 5:17 smoke.flows[0].steps[0].get',
    '{{order}}',
    'capture: {name: $.field}',
  ],
  [
    'a value captured too late',
    `${FLOW}{post: /a, json: {deep: ["{{token}}"]}, capture: {token: $.token}}`,
    'SMOKE 5:36 smoke.flows[0].steps[0].json.deep[0]',
    'No earlier step',
    '',
  ],
  [
    'a misspelt value',
    `${FLOW}{post: /a, capture: {token: $.token}}\n        - {get: /b, headers: {X-Token: "{{tokn}}"}}`,
    'SMOKE 6:40 smoke.flows[0].steps[1].headers.X-Token',
    '{{tokn}}',
    'capture {{token}}',
  ],
  [
    'a path that is no JSONPath',
    `${FLOW}{get: /a, capture: {token: token}}`,
    'SMOKE 5:38 smoke.flows[0].steps[0].capture.token',
    '`token`',
    '$.token',
  ],
  [
    'a path to many values',
    `${FLOW}{get: /a, capture: {token: "$..[?@.a]"}}`,
    'SMOKE 5:38 smoke.flows[0].steps[0].capture.token',
    'one value',
    'names and indices',
  ],
  ['a body of a GET', `${FLOW}{get: /a, json: {}}`, 'SMOKE 5:21 smoke.flows[0].steps[0].json', 'no body', 'post'],
  [
    'a capture from a HEAD',
    `${FLOW}{head: /a, capture: {token: $.token}}`,
    'SMOKE 5:22 smoke.flows[0].steps[0].capture',
    'HEAD',
    'get',
  ],
  [
    'a secret without a name',
    `${FLOW}{post: /a, json: {password: {env: "no name"}}}`,
    'SMOKE 5:45 smoke.flows[0].steps[0].json.password.env',
    '`no name`',
    'SMOKE_PASSWORD',
  ],
  [
    'a header of the connection',
    `${FLOW}{post: /a, headers: {Content-Length: 5}}`,
    'SMOKE 5:48 smoke.flows[0].steps[0].headers.Content-Length',
    'belongs to the connection',
    'Leave it out',
  ],
  [
    'a header that ends its line',
    `${FLOW}{get: /a, headers: {X-A: "a\\r\\nX-B: b"}}`,
    'VALUE 5:36 smoke.flows[0].steps[0].headers.X-A',
    'one line',
    '',
  ],
  ['two methods', `${FLOW}{get: /a, post: /b}`, 'VALUE 5:11 smoke.flows[0].steps[0]', 'exactly one', 'get, head'],
  [
    'two flows of a name',
    'smoke: {flows: [{name: a, steps: [{get: /}]}, {name: a, steps: [{get: /}]}]}',
    'SMOKE 1:54 smoke.flows[1].name',
    '`a`',
    'once',
  ],
  [
    'a step without time',
    `${FLOW}{get: /a, timeout: 0s}`,
    'DURATION 5:30 smoke.flows[0].steps[0].timeout',
    'longer than nothing',
    '',
  ],
  [
    'a database bound over the timeout',
    'smoke: {timeout: 1s, database: {path: /db, max_response_ms: 5000}}',
    'SMOKE 1:61 smoke.database.max_response_ms',
    '1s',
    '1000',
  ],
  [
    'a header that must be absent',
    'smoke: {security_headers: {Server: false}}',
    'VALUE 1:36 smoke.security_headers.Server',
    'false',
    'true for any',
  ],
];

const RULES: BadPlan[] = [
  [
    'a step at a selector',
    `router: {service_selector: {service: a}}\nswitch: {strategy: gradual, steps: [50, 100]}\n${PROMETHEUS}`,
    'ROUTER 2:37 switch.steps[0]',
    '50 %',
    'weighted',
  ],
  [
    'a step that stays',
    'switch: {strategy: gradual, steps: [25, 25, 100]}',
    'SHARES 1:41 switch.steps[1]',
    '25 %',
    'rise',
  ],
  ['a step beyond all', 'switch: {strategy: gradual, steps: [25, 150]}', 'VALUE 1:41 switch.steps[1]', '150', ''],
  ['a step of nothing', 'switch: {strategy: gradual, steps: [0, 100]}', 'SHARES 1:37 switch.steps[0]', '0 %', 'rise'],
  [
    'a health check above the validation after it',
    `${PHASES}    performance_validation: {traffic_percentage: 1}\n    health_check: {traffic_percentage: 2}`,
    'SHARES 3:50 blue_green_switch.validation_phases.performance_validation.traffic_percentage',
    'health_check',
    'rise',
  ],
  [
    'a percentage that is always so',
    'observation: {rollback_triggers: ["error_rate > 100"]}',
    'CRITERION 1:49 observation.rollback_triggers[0]',
    'never be true',
    '0 to 100',
  ],
  [
    'a metric with nothing to compare',
    `${PHASES}    full_switch: {success_criteria: ["error_rate <"]}`,
    'CRITERION 3:51 blue_green_switch.validation_phases.full_switch.success_criteria[0]',
    'Nothing stands after',
    'baseline',
  ],
  [
    'no approval at all',
    'approval: {required: 0, approvers: [a]}',
    'VALUE 1:22 approval.required',
    'the number 0',
    '1',
  ],
  [
    'a share that falls',
    `${PHASES}    health_check: {traffic_percentage: 5}\n    performance_validation: {traffic_percentage: 2}`,
    'SHARES 4:50 blue_green_switch.validation_phases.performance_validation.traffic_percentage',
    '2 %',
    'rise',
  ],
  [
    'steps that fall',
    'switch: {strategy: gradual, steps: [50, 25, 100]}',
    'SHARES 1:41 switch.steps[1]',
    '25 %',
    'rise',
  ],
  [
    'steps below the validation',
    `${PHASES}    performance_validation: {}\nswitch: {strategy: gradual, steps: [5, 100]}`,
    'SHARES 4:37 switch.steps[0]',
    '10 %',
    'rise',
  ],
  [
    'steps that end early',
    'switch: {strategy: gradual, steps: [25, {share: 50}]}',
    'SHARES 1:49 switch.steps[1].share',
    '50 %',
    '100',
  ],
  ['no steps', 'switch: {strategy: gradual, steps: []}', 'VALUE 1:29 switch.steps', 'a list', 'at least one'],
  ['steps without a strategy', 'switch: {steps: [25, 100]}', 'VALUE 1:10 switch.steps', 'instant', 'gradual'],
  [
    'a watched last step',
    'switch: {strategy: gradual, steps: [25, {share: 100, duration: 5m}]}',
    'VALUE 1:64 switch.steps[1].duration',
    'decision window',
    'full_switch.duration',
  ],
  [
    'a partial full switch',
    `${PHASES}    full_switch: {traffic_percentage: 90}`,
    'SHARES 3:39 blue_green_switch.validation_phases.full_switch.traffic_percentage',
    '90 %',
    '100',
  ],
  [
    'a size below the traffic',
    `capacity: {validation: 5%}\n${PHASES}    performance_validation: {}`,
    'SHARES 1:24 capacity.validation',
    '10 %',
    '10%',
  ],
  ['half a fleet for all traffic', 'capacity: {switch: 50%}', 'SHARES 1:20 capacity.switch', '50 %', 'match_active'],
  [
    'a little traffic at a selector',
    `router: {service_selector: {service: a}}\n${PHASES}    health_check: {traffic_percentage: 1}\n${PROMETHEUS}`,
    'ROUTER 4:40 blue_green_switch.validation_phases.health_check.traffic_percentage',
    '0 % and 100 %',
    'weighted',
  ],
  [
    'a step at a Network Load Balancer',
    `router: {nlb: {listener: a, target_groups: {blue: b, green: g}}}\nswitch: {strategy: gradual, steps: [50, 100]}\n${PROMETHEUS}`,
    'ROUTER 2:37 switch.steps[0]',
    '50 %',
    'weighted',
  ],
  [
    'a step below what target groups can share',
    `router: {alb: {rule: a, target_groups: {blue: b, green: g}}}\nswitch: {strategy: gradual, steps: [0.05, 100]}\n${PROMETHEUS}`,
    'ROUTER 2:37 switch.steps[0]',
    '0.05 %',
    '0.1',
  ],
  [
    'a deadline below the stickiness of target groups',
    `router: {alb: {rule: a, target_groups: {blue: b, green: g}, sticky_for: 10m}}\nswitch: {deadline: 30s}\n${PROMETHEUS}`,
    'ROUTER 2:20 switch.deadline',
    '10m',
    '10m',
  ],
  [
    'neither a listener nor a rule',
    `router: {alb: {target_groups: {blue: b, green: g}}}\n${PROMETHEUS}`,
    'VALUE 1:10 router.alb',
    '',
    'a `listener` or a `rule`',
  ],
  [
    'a deadline below the TTL',
    `router: {route53: {zone: z, record: a.example.com}}\nswitch: {deadline: 30s}\n${PROMETHEUS}`,
    'ROUTER 2:20 switch.deadline',
    '1m',
    '1m',
  ],
  [
    'a default deadline below the TTL',
    `router: {route53: {zone: z, record: a.example.com, ttl: 2m}}\n${PROMETHEUS}`,
    'ROUTER 1:1 switch.deadline',
    '2m',
    '2m',
  ],
  [
    'a share that no weights give',
    `router: {route53: {zone: z, record: a.example.com}}\nswitch: {strategy: gradual, steps: [0.1, 50, 100], deadline: 5m}\n${PROMETHEUS}`,
    'ROUTER 2:37 switch.steps[0]',
    'No weights from 0 to 255',
    '0 or 0.39',
  ],
  [
    'too many approvals',
    'approval: {required: 3, approvers: [a, b]}',
    'APPROVAL 1:22 approval.required',
    '3 approvals',
    '2 or less',
  ],
  ['nobody to approve', 'approval: {required: 1}', 'APPROVAL 1:1 approval.approvers', 'nobody', 'Name'],
  [
    'an approver named twice',
    'approval: {approvers: [Ana, ana]}',
    'APPROVAL 1:29 approval.approvers[1]',
    '`ana`',
    'once',
  ],
  ['an empty list of approvers', 'approval: {approvers: []}', 'VALUE 1:12 approval.approvers', '', 'at least one'],
  [
    'a criterion that is none',
    `${PHASES}    warmup:\n      success_criteria:\n        - "p99_latency < fast"`,
    'CRITERION 5:26 blue_green_switch.validation_phases.warmup.success_criteria[0]',
    'neither a number',
    'baseline',
  ],
  [
    'a unit that does not fit',
    'observation:\n  rollback_triggers: [error_rate > 5ms]',
    'CRITERION 2:37 observation.rollback_triggers[0]',
    'does not fit',
    'percent',
  ],
  [
    'an unknown metric',
    'observation: {rollback_triggers: ["eror_rate > 5"]}',
    'UNKNOWN_METRIC 1:35 observation.rollback_triggers[0]',
    '`eror_rate`',
    '`error_rate`',
  ],
  [
    'a metric of nobody',
    'observation: {rollback_triggers: ["queue_depth > 5"]}',
    'UNKNOWN_METRIC 1:35 observation.rollback_triggers[0]',
    'queue_depth',
    'metrics.scrape.queries.queue_depth',
  ],
  [
    'a metric named like a method',
    'observation: {rollback_triggers: ["toString > 5"]}',
    'UNKNOWN_METRIC 1:35 observation.rollback_triggers[0]',
    'toString',
    '',
  ],
  [
    'a check as trigger',
    `${PHASES}    full_switch: {rollback_triggers: [cache_preloaded]}`,
    'CRITERION 3:39 blue_green_switch.validation_phases.full_switch.rollback_triggers[0]',
    'named check',
    'error_rate',
  ],
];

describe('a bad plan gives one located error', () => {
  it.each([...SYNTAX, ...KEYS, ...VALUES, ...DNS_RECORDS, ...FLOWS, ...RULES])(
    '%s',
    (_title, text, error, message, hint) => {
      expectOneError(text, error, message, hint);
    },
  );

  it.each([
    ['Checkout', 'service'],
    ['a/b', 'service'],
    ['a@b', 'service'],
    ['a b', 'service'],
    ['-a', 'service'],
    ['a'.repeat(64), 'service'],
    ['prod/eu', 'environment'],
    ['eu@west', 'target'],
    ['1 0', 'version'],
    ['--help', 'version'],
  ])('%s is no name for %2$s', (value, key) => {
    const sets = [...REQUIRED.filter((set) => !set.startsWith(key)), `${key}=${value}`];
    expect(errorsOf([], sets)).toMatchObject([
      { code: 'CUTOVER_PLAN_VALUE', key, file: `--set ${key}`, line: 1, column: key.length + 2 },
    ]);
  });

  it('reports every error of a plan at once', () => {
    const text = 'swich: {}\nlease: {duration: 5}\nsmoke: {health: {path: x}}';
    expect(
      errorsOf([{ name: 'plan.yaml', text }], REQUIRED)
        .map(({ line }) => line)
        .sort(),
    ).toEqual([1, 2, 3]);
  });

  it('names the key and the --set that would do when service, version and platform are missing', () => {
    const problems = errorsOf([{ name: 'plan.yaml', text: '# nothing yet' }], []);
    expect(problems.map(({ code, key, file, line }) => [code, key, file, line])).toEqual(
      ['service', 'version', 'platform'].map((key) => ['CUTOVER_PLAN_MISSING_KEY', key, 'plan.yaml', 1]),
    );
    expect(problems[0]?.hint).toContain('--set service=NAME');
  });

  it('wants router and metrics where the platform is not local', () => {
    const text = 'platform: {ecs: {cluster: a, services: {blue: b, green: c}}}';
    const problems = errorsOf([{ name: 'plan.yaml', text }], REQUIRED.slice(0, 2));
    expect(problems.map(({ key }) => key)).toEqual(['router', 'metrics']);
  });
});
