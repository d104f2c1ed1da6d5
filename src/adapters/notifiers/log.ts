/** The notifier that is always there: one JSON line per event. */
import type { Notifier, NotifyEvent } from '../types.ts';

/** How many event ids are remembered, so that a second attempt does not tell twice. */
const REMEMBERED = 1_000;
const told = new Set<string>();

/** Deduplicates by event id within this process; another process may tell again, with the same id. */
export function createLogNotifier(write: (line: string) => void = writeError): Notifier {
  return {
    async send(event: NotifyEvent, signal: AbortSignal) {
      signal.throwIfAborted();
      if (told.has(event.id)) return;
      write(JSON.stringify({ level: event.severity === 'attention' ? 'warn' : 'info', msg: event.title, event }));
      told.add(event.id);
      for (const id of told) {
        if (told.size <= REMEMBERED) break;
        told.delete(id);
      }
    },
  };
}

function writeError(line: string): void {
  process.stderr.write(`${line}\n`);
}
