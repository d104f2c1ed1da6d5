/** What is run at points of the story, and who is told of it, as written. */
import { z } from 'zod';
import { formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import type { HookPlan } from '../types.ts';
import { count, durationText, hookName, MAX_LIST } from './base.ts';
import {
  callUrl,
  distribution,
  given,
  invalidatedPaths,
  METHOD_KEYS,
  requestParts,
  script,
  secretOf,
} from './requests.ts';

const KINDS = ['http', 'script', 'cloudfront'] as const;
const PLACES = ['url', ...METHOD_KEYS] as const;

function asked(method: string) {
  return callUrl.optional().meta({ description: `Address of a ${method} request.` });
}

const http = z
  .strictObject({
    url: callUrl.optional().meta({ description: 'Address of a POST request.' }),
    get: asked('GET'),
    head: asked('HEAD'),
    post: asked('POST'),
    put: asked('PUT'),
    patch: asked('PATCH'),
    delete: asked('DELETE'),
    ...requestParts,
  })
  .refine((request) => given(request, PLACES) === 1, `a request with exactly one of ${PLACES.join(', ')}`);

const cloudfront = z.strictObject({
  distribution: distribution.meta({ description: 'ID of the distribution.' }),
  paths: invalidatedPaths.optional().meta({
    description: 'Paths to forget; each begins with / and may end with `*`.',
    default: [...DEFAULTS.invalidated_paths],
  }),
});

type OnFailure = HookPlan['on_failure'];

function hooks(
  description: string,
  choices: readonly [OnFailure, ...OnFailure[]],
  expected: string,
  otherwise: OnFailure,
) {
  const hook = z
    .strictObject({
      name: hookName.meta({ description: 'Name of the hook, once per point; part of its idempotency key.' }),
      http: http.optional().meta({ description: 'A request: exactly one of url and the methods.' }),
      script: script
        .optional()
        .meta({ description: 'A program; exit code 0 is success. The worker must allow scripts.' }),
      cloudfront: cloudfront.optional().meta({
        description: 'An invalidation of Amazon CloudFront, waited for until every edge location has forgotten.',
      }),
      timeout: durationText.optional().meta({
        description: 'Time limit of one attempt.',
        otherwise: `${formatDuration(DEFAULTS.hook_timeout_ms)}; ${formatDuration(DEFAULTS.invalidation_timeout_ms)} with \`cloudfront\``,
      }),
      attempts: count('a number of attempts', 1, 100).optional().meta({
        description: 'Attempts in all, each with the same idempotency key.',
        default: DEFAULTS.hook_attempts,
      }),
      on_failure: z.enum(choices, expected).optional().meta({
        description: 'What it means when the last attempt has failed.',
        default: otherwise,
      }),
    })
    .refine((written) => given(written, KINDS) === 1, `a hook with exactly one of ${KINDS.join(', ')}`);
  return z.array(hook, 'a list of hooks').max(MAX_LIST, `at most ${MAX_LIST} hooks`).meta({ description, default: [] });
}

const ANY = ['rollback', 'continue', 'hold'] as const;
const ANY_EXPECTED = 'rollback, continue or hold';
const { before_switch, after_switch, on_rollback, before_cleanup } = DEFAULTS.hook_on_failure;

export const hooksSchema = z
  .strictObject({
    before_switch: hooks('Run before the first shift of the switch.', ANY, ANY_EXPECTED, before_switch),
    after_switch: hooks('Run when all traffic has moved.', ANY, ANY_EXPECTED, after_switch),
    on_rollback: hooks(
      'Run when the traffic is back on the old colour.',
      ['continue'],
      'continue, since a rollback waits for nothing',
      on_rollback,
    ),
    before_cleanup: hooks(
      'Run before the old colour is removed, when there is no way back any more.',
      ['continue', 'hold'],
      'continue or hold, since there is no way back once clean-up has begun',
      before_cleanup,
    ),
  })
  .partial();

const webhook = z
  .strictObject({
    url: callUrl.meta({ description: 'Address that each event is posted to.' }),
    secret: secretOf('{env: NAME}, since the secret itself never stands in a plan').optional().meta({
      description: 'Key of the signature (HMAC-SHA256).',
      otherwise: 'unsigned',
    }),
    events: z.enum(['attention', 'all'], 'attention or all').optional().meta({
      description: '`attention`: what a person should act on. `all`: what went well, too.',
      default: DEFAULTS.notifier_events,
    }),
  })
  .meta({ description: 'An HTTP endpoint that takes events as JSON.' });

export const notifiersSchema = z
  .array(z.strictObject({ webhook }, 'a notifier such as {webhook: {url: …}}'), 'a list of notifiers')
  .max(MAX_LIST, `at most ${MAX_LIST} notifiers`)
  .meta({ description: 'Who is told, beside the log of the worker.', default: [] });
