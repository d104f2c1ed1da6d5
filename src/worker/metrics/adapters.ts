/** Calls of platforms, routers, metrics providers and notifiers. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { AdapterMeter } from '../../adapters/measured.ts';

const CALL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createAdapterMeter(registry: Registry): AdapterMeter {
  const registers = [registry];
  const seconds = new Histogram({
    ...{ name: 'cutover_adapter_seconds', help: 'How long calls of adapters took.', registers },
    labelNames: ['role', 'kind', 'operation', 'result'] as const,
    buckets: CALL_BUCKETS,
  });
  const errors = new Counter({
    ...{ name: 'cutover_adapter_errors_total', help: 'Calls of adapters that failed.', registers },
    labelNames: ['role', 'kind', 'operation', 'code'] as const,
  });
  return {
    called({ role, kind, operation, seconds: took, result, code }) {
      seconds.observe({ role, kind, operation, result }, took);
      if (code !== null) errors.inc({ role, kind, operation, code });
    },
  };
}
