/** Slots for activities, as they are at the moment of the scrape. */
import { Gauge, type Registry } from 'prom-client';
import type { QueueStatus } from '../run.ts';

/** `read` is asked at every scrape; before a worker runs it answers with an empty list. */
export function measureSlots(registry: Registry, read: () => QueueStatus[]): void {
  new Gauge({
    ...{ name: 'cutover_slots', help: 'Slots for activities, by task queue.', registers: [registry] },
    labelNames: ['queue', 'state'] as const,
    collect() {
      this.reset();
      for (const { queue, used, slots } of read()) {
        this.set({ queue, state: 'used' }, used);
        this.set({ queue, state: 'available' }, Math.max(0, slots - used));
      }
    },
  });
}
