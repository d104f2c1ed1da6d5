import { expect, it } from 'vitest';
import { MESSAGES, requestOf } from '../../../src/workflows/api.ts';

it('tells requests apart by message, force and id, whatever the id is', () => {
  const ids = ['j', 'force j', 'forced-rollback j', ''];
  const requests = MESSAGES.flatMap((name) =>
    ids.flatMap((request_id) => [true, false].map((force) => requestOf(name, { force, request_id }))),
  );
  expect(new Set(requests).size).toBe(requests.length);
});
