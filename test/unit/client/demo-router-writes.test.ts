import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readRouterWrites } from '../../../src/client/demo/router-writes.ts';

it("takes a service's traffic writes from the log, and leaves out the rest and a half-written line", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-writes-'));
  const file = join(folder, 'local.log');
  const line = (time: number, service: string, green: number) =>
    JSON.stringify({ time, service, weights: { blue: 100 - green, green }, msg: 'weights written' });
  const other = JSON.stringify({ time: 2, service: 'checkout', msg: 'instance ready' });
  await writeFile(
    file,
    `${line(1, 'checkout', 5)}\n${other}\nplain text\n${line(3, 'cart', 50)}\n${line(4, 'checkout', 100)}\n${line(5, 'checkout', 0).slice(0, 60)}`,
  );
  try {
    expect(await readRouterWrites(file, 'checkout')).toEqual([
      { atMs: 1, weights: { blue: 95, green: 5 } },
      { atMs: 4, weights: { blue: 0, green: 100 } },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
