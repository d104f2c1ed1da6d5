/** The named checks that a plan defines, as written. */
import { z } from 'zod';
import { formatDuration } from '../duration.ts';
import { DEFAULTS } from '../normalise/defaults.ts';
import { checkName, criterionText, durationText, MAX_LIST, urlPath } from './base.ts';
import { callUrl, callUrlOrPath, given, METHOD_KEYS, requestParts, script } from './requests.ts';

const PLACES = ['path', 'url', ...METHOD_KEYS] as const;

function asked(method: string) {
  return callUrlOrPath.optional().meta({ description: `Path or address of a ${method} request.` });
}

const http = z
  .strictObject({
    path: urlPath.optional().meta({ description: 'Path that every ready instance of the candidate is asked for.' }),
    url: callUrl.optional().meta({ description: 'Address that is asked once.' }),
    get: asked('GET'),
    head: asked('HEAD'),
    post: asked('POST'),
    put: asked('PUT'),
    patch: asked('PATCH'),
    delete: asked('DELETE'),
    ...requestParts,
  })
  .refine((request) => given(request, PLACES) === 1, `a request with exactly one of ${PLACES.join(', ')}`);

const check = z
  .strictObject(
    {
      http: http
        .optional()
        .meta({ description: 'A request: exactly one of path, url and the methods; GET if not said.' }),
      metric: criterionText.optional().meta({
        description: 'A comparison of a metric, judged at every tick over `metrics.window`.',
        examples: ['cache_hit_rate > 90'],
      }),
      script: script.optional().meta({ description: 'A program; exit code 0 holds. The worker must allow scripts.' }),
      timeout: durationText.optional().meta({
        description: 'Time limit of one request or program, 1m at most.',
        default: formatDuration(DEFAULTS.check_timeout_ms),
      }),
    },
    'a map such as {http: {path: /internal/queue}}',
  )
  .refine(
    (written) => given(written, ['http', 'metric', 'script']) === 1,
    'a check with exactly one of http, metric, script',
  );

export const checksSchema = z
  .record(checkName, check, 'a map of name → check')
  .refine((all) => Object.keys(all).length <= MAX_LIST, `at most ${MAX_LIST} checks`)
  .meta({
    description: "Named checks of the plan's own; any other name is looked up in the health document.",
    default: {},
    examples: [{ queue_drained: { http: { path: '/internal/queue' } }, cache_warm: { metric: 'cache_hit_rate > 90' } }],
  });
