/** Lists that AWS gives in pages. */

export interface Page<T> {
  items: readonly T[];
  /** Empty or absent: it was the last one. */
  next: string | undefined;
}

export async function everyPage<T>(read: (token: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const page = await read(token);
    found.push(...page.items);
    token = page.next;
  } while (token !== undefined && token !== '');
  return found;
}

/** As many as one call takes. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let first = 0; first < items.length; first += size) chunks.push(items.slice(first, first + size));
  return chunks;
}

/** In the order of the items, so many at once. When one fails no other is under way any more. */
export async function someAtOnce<T, R>(items: readonly T[], size: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (const chunk of chunksOf(items, size)) {
    const settled = await Promise.allSettled(chunk.map(run));
    for (const one of settled) {
      if (one.status === 'rejected') throw one.reason;
      done.push(one.value);
    }
  }
  return done;
}
