/** The metrics page of a service that is only counted: in form and size the local program's own. */
import { createServiceMetrics } from '../../../src/local/metrics.ts';
import type { Colour } from '../../../src/plan/types.ts';

/** Production requests of one colour so far. */
export interface Counts {
  good: number;
  bad: number;
}

/** How long every request takes, seconds. */
const TAKES = 0.0125;
/** A line whose value changes: which colour, and which part of its counts it shows. */
interface Line {
  text: string;
  colour: Colour;
  shows(counts: Counts): number;
}

const BOTH: readonly Colour[] = ['blue', 'green'];
const all = ({ good, bad }: Counts) => good + bad;

/** Builds a page from the counts of both colours, in the order of the local program's own page. */
export async function createPageWriter(service: string): Promise<(counts: Record<Colour, Counts>) => string> {
  const { registry, countRequest } = createServiceMetrics(service, { inFlight: () => 0, instances: () => [] });
  for (const colour of BOTH) for (const code of [200, 500]) countRequest(colour, code, TAKES);
  const lines = (await registry.metrics()).split('\n').map(lineOf);
  return (counts) => {
    let page = '';
    for (const line of lines) {
      page += typeof line === 'string' ? line : line.text + line.shows(counts[line.colour]);
      page += '\n';
    }
    return page;
  };
}

function lineOf(line: string): string | Line {
  const colour = BOTH.find((one) => line.includes(`colour="${one}"`));
  const text = line.slice(0, line.lastIndexOf(' ') + 1);
  if (line.startsWith('#') || colour === undefined) return line;
  const shown = showing(text);
  return shown === null ? line : { text, colour, shows: shown };
}

function showing(text: string): ((counts: Counts) => number) | null {
  if (text.startsWith('cutover_router_requests_total')) {
    return text.includes('code="500"') ? ({ bad }) => bad : ({ good }) => good;
  }
  if (text.startsWith('cutover_router_request_duration_seconds_sum')) return (counts) => all(counts) * TAKES;
  if (text.startsWith('cutover_router_request_duration_seconds_count')) return all;
  const bound = /_bucket\{.*le="([^"]+)"/.exec(text)?.[1];
  if (bound === undefined) return null;
  return bound === '+Inf' || Number(bound) >= TAKES ? all : () => 0;
}
