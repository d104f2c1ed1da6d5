import { expect, it } from 'vitest';
import { smokeSecrets } from '../../../src/worker/smoke-secrets.ts';

it('gives a plan only what is meant for it', () => {
  const env = { SMOKE_PASSWORD: 'a', AWS_SECRET: 'b', API_KEY: 'c', OTHER: 'd', CUTOVER_SMOKE_ENV: 'API_KEY, OTHER ,' };
  const secrets = smokeSecrets(env);
  expect(['SMOKE_PASSWORD', 'API_KEY', 'OTHER', 'AWS_SECRET', 'SMOKE_NONE', '', 'toString'].map(secrets)).toEqual([
    ...['a', 'c', 'd', undefined, undefined, undefined, undefined],
  ]);
  expect(smokeSecrets({ PATH: '/bin' })('PATH')).toBeUndefined();
  expect(smokeSecrets({ '': 'x', CUTOVER_SMOKE_ENV: '*' })('PATH')).toBeUndefined();
});
