/** Every traffic write that the router carried out, from the local program's own log: none is missed between two looks. */
import { readFile } from 'node:fs/promises';
import type { Weights } from '../../plan/types.ts';

export interface RouterWrite {
  /** Epoch ms, once traffic followed. */
  atMs: number;
  weights: Weights;
}

const WRITTEN = 'weights written';

export async function readRouterWrites(logFile: string, service: string): Promise<RouterWrite[]> {
  const lines = (await readFile(logFile, 'utf8')).split('\n');
  return lines.filter((line) => line.includes(`"${WRITTEN}"`)).flatMap((line) => writeIn(line, service));
}

function writeIn(line: string, service: string): RouterWrite[] {
  const entry = parse(line);
  if (entry?.msg !== WRITTEN || entry.service !== service) return [];
  const { time, weights } = entry;
  return typeof time === 'number' && weights !== undefined ? [{ atMs: time, weights }] : [];
}

/** The last line may be half written. */
function parse(line: string): { msg?: unknown; service?: unknown; time?: unknown; weights?: Weights } | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
