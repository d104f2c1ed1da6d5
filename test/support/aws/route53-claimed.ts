/** A shop that is claimed, and about to move. */
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { Route53Options } from '../../../src/adapters/routers/route53.ts';
import type { Fence, RouterState, ShiftRequest, WriteResult } from '../../../src/adapters/types.ts';
import type { Weights } from '../../../src/plan/types.ts';
import { openShop, type Route53Stage, type Shop } from './route53-shop.ts';

export const BLUE: Weights = { blue: 100, green: 0 };
export const GREEN: Weights = { blue: 0, green: 100 };
export const CLAIM: Fence = { run: 'shop/checkout run-1', epoch: 1, step: 0 };

export const limit = (ms = 20_000) => AbortSignal.timeout(ms);

export interface Claimed extends Shop {
  state: RouterState;
  /** The next shift; `step` from 1. */
  shiftOf(weights: Weights, step?: number, expected?: string): ShiftRequest;
  shift(weights: Weights, step?: number, expected?: string): Promise<WriteResult>;
}

export async function openClaimed(
  stage: Route53Stage,
  sets?: ResourceRecordSet[],
  rest?: Partial<Route53Options>,
): Promise<Claimed> {
  return claimed(await openShop(stage, sets, rest));
}

export async function claimed(shop: Shop): Promise<Claimed> {
  const { revision } = await shop.router.read(limit());
  const { state } = await shop.router.claim(revision, CLAIM, limit());
  const shiftOf = (weights: Weights, step = 1, expected = `1.${step - 1}`) => ({
    weights,
    expected_revision: expected,
    fence: { ...CLAIM, step },
  });
  return {
    ...shop,
    state,
    shiftOf,
    shift: (weights, step, expected) => shop.router.shift(shiftOf(weights, step, expected), limit()),
  };
}
