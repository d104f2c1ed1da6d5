import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  numbersIn,
  type Place,
  stickySecondsOf,
  withNumbers,
} from '../../../../src/adapters/routers/alb/actions.ts';

const groups = { blue: 'tg/blue', green: 'tg/green' };
const place = (...actions: Action[]): Place => ({ kind: 'rule', arn: 'R', actions, conditions: [] });
const tuples = (blue: number, green: number) => [
  { TargetGroupArn: 'tg/blue', Weight: blue },
  { TargetGroupArn: 'tg/green', Weight: green },
];
const both = (blue: number, green: number, rest: object = {}): Action => ({
  Type: 'forward',
  Order: 2,
  ForwardConfig: { TargetGroups: tuples(blue, green), ...rest },
});
const single: Action = {
  Type: 'forward',
  TargetGroupArn: 'tg/blue',
  ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'tg/blue', Weight: 1 }] },
};
const oidc: Action = {
  Type: 'authenticate-oidc',
  Order: 1,
  AuthenticateOidcConfig: {
    Issuer: 'https://id',
    AuthorizationEndpoint: 'https://id/a',
    TokenEndpoint: 'https://id/t',
    UserInfoEndpoint: 'https://id/u',
    ClientId: 'shop',
  },
};

describe('the actions of a listener or rule', () => {
  it.each<[string, Action, Record<'blue' | 'green', number | null>]>([
    ['both groups', both(80, 20), { blue: 80, green: 20 }],
    ['one, by itself', { Type: 'forward', TargetGroupArn: 'tg/green' }, { blue: null, green: 1 }],
    ['one, in both ways at once', single, { blue: 1, green: null }],
    [
      'no weight, which is 1',
      { Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'tg/blue' }] } },
      { blue: 1, green: null },
    ],
  ])('give the weights with %s', (_, action, numbers) => {
    expect(numbersIn(place(action), groups)).toEqual(numbers);
  });

  it.each<[string, Action[], RegExp]>([
    [
      'a third group',
      [{ ...both(1, 1), ForwardConfig: { TargetGroups: [...tuples(1, 1), { TargetGroupArn: 'tg/v1' }] } }],
      /forwards to tg\/v1 beside/,
    ],
    ['other groups', [{ Type: 'forward', TargetGroupArn: 'tg/v1' }], /forwards to tg\/v1 beside/],
    [
      'no forward',
      [{ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301' } }],
      /has the actions redirect; it must forward/,
    ],
    ['nothing', [], /has the actions none/],
    ['weights of 0', [both(0, 0)], /gives both colours the weight 0/],
  ])('are refused with %s', (_, actions, told) => {
    expect(() => numbersIn(place(...actions), groups)).toThrow(told);
  });

  it('keep everything but the two weights', () => {
    const sticky = { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 } };
    const written = withNumbers(place(oidc, both(100, 0, sticky)), groups, { blue: 1, green: 199 });
    expect(written).toEqual([
      { ...oidc, AuthenticateOidcConfig: { ...oidc.AuthenticateOidcConfig, UseExistingClientSecret: true } },
      both(1, 199, sticky),
    ]);
    expect(stickySecondsOf(place(both(1, 1, sticky)))).toBe(60);
    expect(stickySecondsOf(place(single))).toBe(0);
  });

  it('keep the order of the groups, and get the one that was missing', () => {
    const turned = { ...both(1, 1), ForwardConfig: { TargetGroups: tuples(1, 1).reverse() } };
    expect(withNumbers(place(turned), groups, { blue: 30, green: 70 })[0]?.ForwardConfig?.TargetGroups).toEqual(
      tuples(30, 70).reverse(),
    );
    expect(withNumbers(place(single), groups, { blue: 100, green: 0 })).toEqual([
      { Type: 'forward', ForwardConfig: { TargetGroups: tuples(100, 0) } },
    ]);
  });

  describe('have a fingerprint', () => {
    const of = (...actions: Action[]) => fingerprintOf(place(...actions), numbersIn(place(...actions), groups));

    it('that is known before the write', () => {
      const found = place(oidc, both(100, 0));
      const intended = { blue: 0, green: 100 };
      const after = place(...withNumbers(found, groups, intended));
      expect(fingerprintOf(after, intended)).toBe(fingerprintOf(found, intended));
      expect(fingerprintOf(after, intended)).not.toBe(fingerprintOf(found, { blue: 100, green: 0 }));
      const joined = place(...withNumbers(place(single), groups, intended));
      expect(fingerprintOf(joined, intended)).toBe(fingerprintOf(place(single), intended));
    });

    it('that is the same however the API words it', () => {
      const worded = both(100, 0, { TargetGroupStickinessConfig: { Enabled: false } });
      expect(of(worded)).toBe(of(both(100, 0)));
      expect(of(single)).toBe(of({ Type: 'forward', TargetGroupArn: 'tg/blue' }));
      const turned = {
        ...oidc,
        AuthenticateOidcConfig: { ...oidc.AuthenticateOidcConfig, Scope: undefined },
      } as Action;
      expect(of(turned, both(1, 1))).toBe(of(oidc, both(1, 1)));
    });

    it.each<[string, Place]>([
      ['the weights', place(oidc, both(99, 1))],
      ['stickiness', place(oidc, both(100, 0, { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 1 } }))],
      ['another action', place({ ...oidc, Order: 3 }, both(100, 0))],
      ['an action less', place(both(100, 0))],
      ['a condition', { ...place(oidc, both(100, 0)), conditions: [{ Field: 'path-pattern', Values: ['/a'] }] }],
    ])('that changes with %s', (_, changed) => {
      expect(fingerprintOf(changed, numbersIn(changed, groups))).not.toBe(of(oidc, both(100, 0)));
    });
  });
});
