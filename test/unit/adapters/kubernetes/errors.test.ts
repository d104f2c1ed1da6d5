import { describe, expect, it } from 'vitest';
import { errorOfAnswer, perhapsForbidden, ruleFor } from '../../../../src/adapters/kubernetes/errors.ts';

const READ = { method: 'GET', path: '/api/v1/namespaces/shop/services/checkout' };
const CANNOT = 'services "checkout" is forbidden: User "a" cannot get resource "services" in API group ""';

const answer = (status: number, message: string | null, headers = {}) => {
  const text = message === null ? '<html>' : JSON.stringify({ kind: 'Status', message });
  return errorOfAnswer({ ...READ, status, headers, text });
};

describe('what an API server answers', () => {
  it.each([
    [400, 'no', 'REFUSED', 'user'],
    [401, 'Unauthorized', 'UNAUTHORIZED', 'system'],
    [403, CANNOT, 'FORBIDDEN', 'user'],
    [403, 'exceeded quota: small', 'REFUSED', 'user'],
    [403, 'admission webhook "freeze" denied the request', 'REFUSED', 'user'],
    [404, 'services "checkout" not found', 'NOT_FOUND', 'user'],
    [409, 'the object has been modified', 'CONFLICT', 'system'],
    [422, 'Invalid value', 'REFUSED', 'user'],
    [429, 'too many requests', 'THROTTLED', 'system'],
    [500, 'etcdserver: request timed out', 'UNWELL', 'system'],
    [503, null, 'UNWELL', 'system'],
  ])('with %i and %j is CUTOVER_KUBERNETES_%s, of the %s', (status, message, code, fault) => {
    expect(answer(status, message)).toMatchObject({ code: `CUTOVER_KUBERNETES_${code}`, fault, details: { status } });
  });

  it('is told in its own words, else by what was asked', () => {
    expect(answer(500, 'etcdserver: request timed out').message).toBe('etcdserver: request timed out');
    expect(answer(503, null).message).toBe(`GET ${READ.path} was answered with 503`);
  });

  it.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, undefined],
    [{}, undefined],
  ])('with the headers %j asks to be asked again after %s ms', (headers, expected) => {
    expect(answer(429, 'busy', headers).details.retry_after_ms).toBe(expected);
  });

  it('is not the user’s to mend when the server may not know the roles yet', () => {
    const doubted = perhapsForbidden(answer(403, CANNOT));
    expect(doubted).toMatchObject({ code: 'CUTOVER_KUBERNETES_UNWELL', fault: 'system' });
    expect(doubted.message).toContain(CANNOT);
    expect(doubted.details.rule).toEqual({ apiGroups: [''], resources: ['services'], verbs: ['get'] });
  });
});

describe('the rule that would allow a request', () => {
  it.each([
    ['GET', '/api/v1/namespaces/shop/pods?labelSelector=a', '', 'pods', 'list'],
    ['GET', '/api/v1/namespaces/shop/pods/a/log', '', 'pods/log', 'get'],
    ['GET', '/api/v1/namespaces/shop', '', 'namespaces', 'get'],
    ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/checkout-blue', 'apps', 'deployments', 'patch'],
    [
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      'authorization.k8s.io',
      'selfsubjectaccessreviews',
      'create',
    ],
  ])('%s %s', (method, path, group, resource, verb) => {
    expect(ruleFor({ method, path })).toEqual({ apiGroups: [group], resources: [resource], verbs: [verb] });
  });
});
