/** What a rendering needs to know of where it is shown. */
import pc from 'picocolors';
import type { Times } from './times.ts';

export type Colors = ReturnType<typeof pc.createColors>;

export interface Canvas {
  columns: number;
  colors: Colors;
  /** For elapsed and remaining times, epoch milliseconds. */
  nowMs: number;
  /** Default: the reader's own zone. */
  times?: Times;
  /** What is taller is cut down to what matters most. Default: any number. */
  rows?: number;
}

/** Styles only for a terminal, or when FORCE_COLOR asks for them; NO_COLOR is honoured. */
export function colorsFor(isTerminal: boolean, forced: boolean): Colors {
  return pc.createColors(pc.isColorSupported && (isTerminal || forced));
}
