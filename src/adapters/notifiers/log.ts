/** The notifier that is always there: one JSON line per event. */
import type { Notifier, NotifyEvent } from '../types.ts';
import { createTold } from './told.ts';

const told = createTold();

/** Deduplicates by event id within this process; another process may tell again, with the same id. */
export function createLogNotifier(write: (line: string) => void = writeError): Notifier {
  return {
    kind: 'log',
    async send(event: NotifyEvent, signal: AbortSignal) {
      signal.throwIfAborted();
      if (told.has(event.id)) return;
      write(JSON.stringify({ level: event.severity === 'attention' ? 'warn' : 'info', msg: event.title, event }));
      told.add(event.id);
    },
  };
}

function writeError(line: string): void {
  process.stderr.write(`${line}\n`);
}
