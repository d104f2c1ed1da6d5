/** Shares in percent, and the weights of target groups that stand for them: whole numbers from 0 to 999. */
import { CutoverError } from '../../../errors.ts';
import { SMALLEST_ALB_SHARE } from '../../../plan/adapters.ts';
import type { Weights } from '../../../plan/types.ts';
import { formatWeights } from '../../../plan/weights.ts';

const MAX_WEIGHT = 999;
/** Plans give shares in hundredths of a percent. */
const WHOLE = 10_000;

/**
 * Percent where those are whole; else the smallest pair in exactly that proportion, such as 1 and 199 for 0.5 %; else the
 * nearest there is, at most 0.01 % off. Throws CUTOVER_PLAN_ROUTER for a share that no pair comes near.
 */
export function numbersOf(weights: Weights): Weights {
  const { blue, green } = weights;
  if (Number.isInteger(blue) && Number.isInteger(green)) return { blue, green };
  if (Math.min(blue, green) < SMALLEST_ALB_SHARE) {
    const asked = `target groups share in parts of 1 to 999, so that none gets less than ${SMALLEST_ALB_SHARE} %`;
    throw new CutoverError('CUTOVER_PLAN_ROUTER', `${asked}: ${formatWeights(weights)} cannot be written`);
  }
  return nearestPair(Math.round(blue * (WHOLE / 100)));
}

function nearestPair(ofWhole: number): Weights {
  let nearest = { blue: 1, green: 1, off: Number.POSITIVE_INFINITY };
  for (let total = 2; total <= 2 * MAX_WEIGHT && nearest.off > 0; total += 1) {
    const blue = Math.round((ofWhole * total) / WHOLE);
    const green = total - blue;
    if (Math.min(blue, green) < 1 || Math.max(blue, green) > MAX_WEIGHT) continue;
    const off = Math.abs(blue * WHOLE - ofWhole * total) / total;
    if (off < nearest.off) nearest = { blue, green, off };
  }
  return { blue: nearest.blue, green: nearest.green };
}
