/** Which events a notifier has dealt with, so that a second attempt does not tell twice. */

/** How many are remembered. */
const REMEMBERED = 1_000;

export interface Told {
  has(id: string): boolean;
  add(id: string): void;
}

/** For one kind of notifier in one process; the oldest are forgotten. */
export function createTold(): Told {
  const told = new Set<string>();
  return {
    has: (id) => told.has(id),
    add(id) {
      told.add(id);
      for (const oldest of told) {
        if (told.size <= REMEMBERED) break;
        told.delete(oldest);
      }
    },
  };
}
