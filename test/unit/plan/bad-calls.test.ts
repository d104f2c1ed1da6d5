/** Checks, hooks, notifiers and what goes with them: one line per way to be wrong, and the one located error it gives. */
import { describe, expect, it } from 'vitest';
import { type BadPlan, errorsOf, expectOneError, PROMETHEUS, REQUIRED } from './support.ts';

const CHECKS: BadPlan[] = [
  ['a check of nothing', 'checks: {a: {}}', 'VALUE 1:10 checks.a', 'a map', 'exactly one of http, metric, script'],
  [
    'a check of two kinds',
    'checks: {a: {metric: "error_rate < 1", script: {command: [x]}}}',
    'VALUE 1:10 checks.a',
    'a map',
    'exactly one',
  ],
  [
    'a check that is a text',
    'checks: {a: /health}',
    'VALUE 1:13 checks.a',
    '`/health`',
    '{http: {path: /internal/queue}}',
  ],
  [
    'a misspelt key of a check',
    'checks: {queue: {http: {path: /q}, timout: 2s}}',
    'UNKNOWN_KEY 1:36 checks.queue.timout',
    'no key in `checks.queue`',
    '`timeout`',
  ],
  [
    'a misspelt key of its request',
    'checks: {queue: {http: {pth: /q}}}',
    'UNKNOWN_KEY 1:25 checks.queue.http.pth',
    'no key',
    '`path`',
  ],
  [
    'a check named like a comparison',
    'checks: {"queue_depth > 5": {metric: "error_rate < 1"}}',
    'VALUE 1:10 checks.queue_depth > 5',
    'is no name',
    'such as queue_drained',
  ],
  [
    'a check named like a metric',
    'checks: {error_rate: {http: {path: /a}}}',
    'CALL 1:10 checks.error_rate',
    'is a metric',
    'otherwise',
  ],
  [
    'a request without a place',
    'checks: {a: {http: {status: 200}}}',
    'VALUE 1:14 checks.a.http',
    'a map',
    'path, url, get',
  ],
  [
    'a request to path and address',
    'checks: {a: {http: {path: /a, url: "https://b.example.com"}}}',
    'VALUE 1:14 checks.a.http',
    '',
    'exactly one of path, url',
  ],
  [
    'another scheme',
    'checks: {a: {http: {url: "ftp://a.example.com"}}}',
    'VALUE 1:26 checks.a.http.url',
    'ftp:',
    'http://127.0.0.1:7440',
  ],
  [
    'an address that is none',
    'checks: {a: {http: {get: "https://[::1"}}}',
    'VALUE 1:26 checks.a.http.get',
    'https://[::1',
    'a path such as /internal/queue, or an address',
  ],
  [
    'a path where an address belongs',
    'checks: {a: {http: {url: /health}}}',
    'VALUE 1:26 checks.a.http.url',
    '`/health`',
    'an address',
  ],
  [
    'a body of a GET, the default',
    'checks: {a: {http: {path: /a, json: {b: 1}}}}',
    'CALL 1:31 checks.a.http.json',
    'GET carries no body',
    'post',
  ],
  [
    'a header of the connection',
    'checks: {a: {http: {path: /a, headers: {Connection: close}}}}',
    'CALL 1:53 checks.a.http.headers.Connection',
    'belongs to the connection',
    'Leave it out',
  ],
  [
    'a header that is no word',
    'checks: {a: {http: {path: /a, headers: {X Y: 1}}}}',
    'VALUE 1:41 checks.a.http.headers.X Y',
    'no name',
    'X-Frame-Options',
  ],
  [
    'a secret of no name',
    'checks: {a: {http: {path: /a, headers: {X-Key: {env: "my key"}}}}}',
    'VALUE 1:54 checks.a.http.headers.X-Key.env',
    'my key',
    'SMOKE_PASSWORD',
  ],
  [
    'a metric of nobody',
    'checks: {warm: {metric: "cache_hits > 90"}}',
    'UNKNOWN_METRIC 1:25 checks.warm.metric',
    'cache_hits',
    'metrics.scrape.queries.cache_hits',
  ],
  [
    'a metric that is a check',
    'checks: {warm: {metric: cache}}',
    'CRITERION 1:25 checks.warm.metric',
    'name of a check',
    'cache > 90',
  ],
  [
    'a metric of nothing',
    'checks: {warm: {metric: "error_rate <"}}',
    'CRITERION 1:38 checks.warm.metric',
    'Nothing',
    'baseline',
  ],
  [
    'a check compared with a number',
    'checks: {queue: {http: {path: /q}}}\nobservation: {rollback_triggers: ["queue > 5"]}',
    'CRITERION 2:35 observation.rollback_triggers[0]',
    'named check of this plan',
    '`queue` alone',
  ],
  [
    'a check without time',
    'checks: {a: {http: {path: /a}, timeout: 0s}}',
    'DURATION 1:41 checks.a.timeout',
    'longer',
    '30s',
  ],
  [
    'a slow check',
    'checks: {a: {http: {path: /a}, timeout: 2m}}',
    'DURATION 1:41 checks.a.timeout',
    '1m',
    '1m or less',
  ],
  [
    'a script without a program',
    'checks: {a: {script: {command: []}}}',
    'VALUE 1:23 checks.a.script.command',
    '',
    'program first',
  ],
  [
    'a script that is a line of shell',
    'checks: {a: {script: "check --all"}}',
    'VALUE 1:22 checks.a.script',
    'check --all',
    'command: [./check',
  ],
  [
    'a variable of no name',
    'checks: {a: {script: {command: [x], env: {A-B: c}}}}',
    'VALUE 1:43 checks.a.script.env.A-B',
    'A-B',
    'underscores',
  ],
];

const HOOK = 'hooks:\n  before_switch:\n    - ';
const HOOKS: BadPlan[] = [
  ['a point that is none', 'hooks: {before_swich: []}', 'UNKNOWN_KEY 1:9 hooks.before_swich', '', '`before_switch`'],
  [
    'a hook without a name',
    `${HOOK}{http: {post: "http://a"}}`,
    'MISSING_KEY 3:7 hooks.before_switch[0].name',
    'missing',
    'expand-schema',
  ],
  [
    'a hook of nothing',
    `${HOOK}{name: a}`,
    'VALUE 3:7 hooks.before_switch[0]',
    '',
    'exactly one of http, script, cloudfront',
  ],
  [
    'two kinds of hook at once',
    `${HOOK}{name: a, script: {command: [x]}, cloudfront: {distribution: E123}}`,
    'VALUE 3:7 hooks.before_switch[0]',
    '',
    'exactly one of http, script, cloudfront',
  ],
  [
    'a distribution by its host name',
    `${HOOK}{name: a, cloudfront: {distribution: d1.cloudfront.net}}`,
    'VALUE 3:44 hooks.before_switch[0].cloudfront.distribution',
    'd1.cloudfront.net',
    'E2QWRUHAPOMQZL',
  ],
  [
    'paths with a wildcard within',
    `${HOOK}{name: a, cloudfront: {distribution: E123, paths: [/a/*/b]}}`,
    'VALUE 3:58 hooks.before_switch[0].cloudfront.paths[0]',
    '/a/*/b',
    'may end with *',
  ],
  [
    'a hook to a path',
    `${HOOK}{name: a, http: {post: /run}}`,
    'VALUE 3:30 hooks.before_switch[0].http.post',
    '/run',
    'address',
  ],
  [
    'a password in an address',
    `${HOOK}{name: a, http: {post: "https://ana:hunter2@a.example.com/run"}}`,
    'VALUE 3:30 hooks.before_switch[0].http.post',
    'https://…@a.example.com/run',
    '{env: NAME}',
  ],
  [
    'an idempotency key of its own',
    `${HOOK}{name: a, http: {post: "http://a", headers: {idempotency-key: 5}}}`,
    'CALL 3:69 hooks.before_switch[0].http.headers.idempotency-key',
    'same for each attempt',
    'Leave it out',
  ],
  [
    'a body of a GET hook',
    `${HOOK}{name: a, http: {get: "http://a", json: {b: 1}}}`,
    'CALL 3:41 hooks.before_switch[0].http.json',
    'no body',
    'post',
  ],
  [
    'two hooks of a name',
    'hooks: {after_switch: [{name: a, script: {command: [x]}}, {name: a, script: {command: [y]}}]}',
    'CALL 1:66 hooks.after_switch[1].name',
    'after_switch are named `a`',
    'once',
  ],
  [
    'a rollback that would wait',
    'hooks: {on_rollback: [{name: a, http: {post: "http://a"}, on_failure: hold}]}',
    'VALUE 1:71 hooks.on_rollback[0].on_failure',
    '`hold`',
    'waits for nothing',
  ],
  [
    'too many attempts',
    `${HOOK}{name: a, script: {command: [x]}, attempts: 101}`,
    'VALUE 3:51 hooks.before_switch[0].attempts',
    '101',
    '1 to 100',
  ],
  [
    'a hook without time',
    `${HOOK}{name: a, script: {command: [x]}, timeout: 0s}`,
    'DURATION 3:50 hooks.before_switch[0].timeout',
    'longer',
    '30s',
  ],
  ['a notifier of nobody', 'notifiers: [{webhok: {}}]', 'UNKNOWN_KEY 1:14 notifiers[0].webhok', '', '`webhook`'],
  [
    'a webhook without an address',
    'notifiers: [{webhook: {}}]',
    'MISSING_KEY 1:14 notifiers[0].webhook.url',
    'missing',
    'address',
  ],
  [
    'a password in the address of a webhook',
    'notifiers: [{webhook: {url: "https://u:hunter2@hooks.example.com/"}}]',
    'VALUE 1:29 notifiers[0].webhook.url',
    'https://…@hooks.example.com/',
    'without user and password',
  ],
  [
    'a secret written out',
    'notifiers: [{webhook: {url: "http://h", secret: hunter2}}]',
    'VALUE 1:49 notifiers[0].webhook.secret',
    'is a text',
    '{env: NAME}, since the secret itself never stands in a plan',
  ],
];

const NO_OBSERVATION = 'observation: {duration: 0s}\nrollback_safe_until: observation';
const SAFETY: BadPlan[] = [
  [
    'a safe time that is none',
    'rollback_safe_until: obsevation',
    'VALUE 1:22 rollback_safe_until',
    '`obsevation`',
    'observation, lease, or a duration',
  ],
  ['a safe time of nothing', 'rollback_safe_until: 0s', 'DURATION 1:22 rollback_safe_until', 'longer', ''],
  ['safe until what is left out', NO_OBSERVATION, 'VALUE 2:22 rollback_safe_until', 'leaves out', 'Write `lease`'],
  [
    'safe until nothing more',
    `${NO_OBSERVATION}\nlease: {duration: 0s}`,
    'VALUE 2:22 rollback_safe_until',
    'leaves out',
    'Leave it out',
  ],
  [
    'safe until no lease',
    'lease: {duration: 0s}\nrollback_safe_until: lease',
    'VALUE 2:22 rollback_safe_until',
    '`lease`',
    'Leave it out',
  ],
  [
    'a circuit that breaks at nothing',
    'circuit_break: {error_rate: 0%}',
    'VALUE 1:29 circuit_break.error_rate',
    '0 %',
    '5%',
  ],
  [
    'a circuit that never breaks',
    'circuit_break: {error_rate: 101}',
    'VALUE 1:29 circuit_break.error_rate',
    '101',
    '0 to 100',
  ],
  [
    'a circuit that pauses for a day',
    'circuit_break: {pause: 24h}',
    'DURATION 1:24 circuit_break.pause',
    '1h',
    '1h or less',
  ],
  ['a circuit without tries', 'circuit_break: {attempts: 0}', 'VALUE 1:27 circuit_break.attempts', '0', '1 to 100'],
  ['a circuit that is a word', 'circuit_break: on', 'VALUE 1:16 circuit_break', '`on`', '{} takes every default'],
  [
    'a validation at a selector',
    `router: {service_selector: {service: a}}\nswitch: {strategy: validation}\nsmoke: {}\n${PROMETHEUS}`,
    'ROUTER 2:20 switch.strategy',
    '1 %',
    'weighted',
  ],
  [
    'a validation without time',
    'switch: {strategy: validation, step_duration: 0s}\nsmoke: {}',
    'DURATION 1:47 switch.step_duration',
    'longer',
    '30s',
  ],
];

describe('a bad check, hook or notifier gives one located error', () => {
  it.each([...CHECKS, ...HOOKS, ...SAFETY])('%s', (_title, text, error, message, hint) => {
    expectOneError(text, error, message, hint);
  });

  it('never repeats a secret that stands in the plan', () => {
    const texts = [...HOOKS, ...CHECKS].map(([, text]) => text).filter((text) => text.includes('hunter2'));
    expect(texts).toHaveLength(3);
    for (const text of texts) {
      expect(JSON.stringify(errorsOf([{ name: 'plan.yaml', text }], REQUIRED))).not.toContain('hunter2');
    }
  });

  it.each(['constructor', '__proto__', 'prototype'])('takes no check named %s', (name) => {
    const text = `checks: {${name}: {http: {path: /a}}}`;
    expect(errorsOf([{ name: 'plan.yaml', text }], REQUIRED)).toMatchObject([{ code: 'CUTOVER_PLAN_FORBIDDEN_TEXT' }]);
  });
});
