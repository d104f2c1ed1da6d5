/** How the demo ends: asked by a signal, by an error, or by itself, with nothing of it left behind. */
import process from 'node:process';
import { EXIT } from '../exit-codes.ts';

export interface Ending {
  /** Aborted by SIGINT, SIGTERM or SIGHUP. A second one ends the process at once. */
  signal: AbortSignal;
  /** What `promise` gives, or a rejection as soon as the signal is aborted. */
  orAborted<T>(promise: Promise<T>): Promise<T>;
  /** Called in the opposite order by `cleanUp`. Register before what it undoes has happened. */
  onEnd(undo: () => Promise<unknown>): void;
  /** Gets the signal should this process exit before `cleanUp` is through. */
  endWithUs(pid: number, signal: NodeJS.Signals): void;
  /** Never rejects: what cannot be undone does not keep the rest from it. */
  cleanUp(): Promise<void>;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export function prepareEnding(): Ending {
  const controller = new AbortController();
  const { signal } = controller;
  const undos: (() => Promise<unknown>)[] = [];
  const companions = new Map<number, NodeJS.Signals>();
  const onSignal = () => {
    if (signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  const onExit = () => {
    for (const [pid, name] of companions) endProcess(pid, name);
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  process.on('exit', onExit);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  return {
    signal,
    orAborted: (promise) => Promise.race([promise, aborted]),
    onEnd: (undo) => void undos.push(undo),
    endWithUs: (pid, name) => void companions.set(pid, name),
    async cleanUp() {
      for (const undo of undos.splice(0).reverse()) await undo().catch(() => undefined);
      companions.clear();
      process.off('exit', onExit);
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
