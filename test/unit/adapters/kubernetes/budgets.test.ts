import type { V1LabelSelector, V1PodDisruptionBudget } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { selects } from '../../../../src/adapters/kubernetes/labels.ts';
import { leastOf } from '../../../../src/adapters/platforms/kubernetes/budgets.ts';

const LABELS = { app: 'checkout', colour: 'blue' };

function budget(
  bound: { minAvailable?: number | string; maxUnavailable?: number | string },
  matchLabels: Record<string, string> = { app: 'checkout' },
): V1PodDisruptionBudget {
  return {
    metadata: { name: 'checkout' },
    spec: { selector: { matchLabels }, ...bound },
  };
}

describe('the fewest instances that a disruption budget allows', () => {
  it.each([
    [{ minAvailable: 2 }, 10, 2],
    [{ minAvailable: 20 }, 10, 10],
    [{ minAvailable: '25%' }, 10, 3],
    [{ maxUnavailable: 3 }, 10, 7],
    [{ maxUnavailable: 30 }, 10, 0],
    [{ maxUnavailable: '25%' }, 10, 7],
    [{ maxUnavailable: 0 }, 4, 4],
    [{ maxUnavailable: '100%' }, 4, 0],
    [{}, 4, 0],
  ])('%j of %i is %i', (bound, fullSize, size) => {
    expect(leastOf([budget(bound)], LABELS, fullSize)?.size).toBe(size);
  });

  it('is the strictest one’s, which is named', () => {
    const other = budget({ minAvailable: 9 }, { app: 'other' });
    const budgets = [budget({ minAvailable: 1 }), budget({ maxUnavailable: '25%' }), other];
    expect(leastOf(budgets, LABELS, 8)).toEqual({
      size: 6,
      reason: 'PodDisruptionBudget checkout has maxUnavailable 25%',
    });
    expect(leastOf([other], LABELS, 8)).toBeNull();
  });
});

describe('a label selector', () => {
  const expression = (operator: string, ...values: string[]): V1LabelSelector => ({
    matchExpressions: [{ key: 'colour', operator, values }],
  });
  it.each<[V1LabelSelector | undefined, boolean]>([
    [undefined, false],
    [{}, true],
    [{ matchLabels: { app: 'checkout' } }, true],
    [{ matchLabels: { app: 'cart' } }, false],
    [expression('In', 'blue'), true],
    [expression('In', 'green'), false],
    [expression('NotIn', 'blue'), false],
    [expression('NotIn', 'green'), true],
    [expression('Exists'), true],
    [expression('DoesNotExist'), false],
  ])('%j: %s', (selector, selected) => {
    expect(selects(selector, LABELS)).toBe(selected);
  });
});
