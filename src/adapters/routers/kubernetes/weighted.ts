/** Weights within lists of an object: gateways take whole numbers, and share traffic in their proportion. */
import { CutoverError } from '../../../errors.ts';
import type { Colour, Weights } from '../../../plan/types.ts';

/** Parts of a percent that a weight can tell apart: shares such as 0.5 % are written as 50 of 10,000. */
const FINE = 100;
const DIGITS = 4;

/** Numbers for the two colours; percent where those are whole. */
export function numbersOf({ blue, green }: Weights): Weights {
  if (Number.isInteger(blue) && Number.isInteger(green)) return { blue, green };
  const fine = Math.round(blue * FINE);
  return { blue: fine, green: 100 * FINE - fine };
}

/** Shares in percent; null: both are 0. */
export function sharesOf({ blue, green }: Weights): Weights | null {
  const total = blue + green;
  if (total === 0) return null;
  const share = Number(((100 * blue) / total).toFixed(DIGITS));
  return { blue: share, green: Number((100 - share).toFixed(DIGITS)) };
}

export function colourNamed(names: Record<Colour, string>, name: string): Colour | null {
  if (name === names.blue) return 'blue';
  return name === names.green ? 'green' : null;
}

/** Where a list names exactly the two colours; null where it names neither, as other rules of the object may. */
export function pairIn<T>(
  list: readonly T[],
  colourOf: (one: T) => Colour | null,
  where: string,
): Record<Colour, T> | null {
  const blue = list.filter((one) => colourOf(one) === 'blue');
  const green = list.filter((one) => colourOf(one) === 'green');
  const [itsBlue] = blue;
  const [itsGreen] = green;
  if (itsBlue === undefined && itsGreen === undefined) return null;
  if (
    itsBlue !== undefined &&
    itsGreen !== undefined &&
    blue.length + green.length === list.length &&
    list.length === 2
  ) {
    return { blue: itsBlue, green: itsGreen };
  }
  const found = `${blue.length} of blue, ${green.length} of green and ${list.length - blue.length - green.length} others`;
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${where} has backends ${found}; it must have one of each colour`);
}

/** The shares that all of the object's rules agree on. Throws CUTOVER_ROUTER_OBJECT when they don't, or there is no rule. */
export function commonShares(found: readonly (Weights | null)[], name: string): Weights {
  const [first] = found;
  if (first === undefined) {
    throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} has no rule with the Services of both colours`);
  }
  if (first === null) throw new CutoverError('CUTOVER_ROUTER_OBJECT', `${name} gives both colours the weight 0`);
  if (found.every((one) => one !== null && one.blue === first.blue)) return first;
  const shown = found.map((one) => (one === null ? 'none' : `blue ${one.blue} %`)).join(', ');
  throw new CutoverError('CUTOVER_ROUTER_OBJECT', `the rules of ${name} do not agree: ${shown}`);
}
