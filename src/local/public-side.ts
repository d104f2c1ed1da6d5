import type { LocalContext } from './context.ts';
import { listenPublic, type PublicHandler, type PublicListener } from './listener.ts';

/** Waits between attempts to bind a public port that another program holds. */
const RETRY_MS = 500;

export interface Move {
  /** Ends the old listener. */
  settle(): void;
  /** Ends the new one. */
  undo(): void;
}

/** The listener of one service, which can move to another port. */
export interface PublicSide {
  isListening(): boolean;
  /** Listens; when the port is taken, tries again until it is free or `close` is called. */
  open(port: number): Promise<void>;
  /** Listens on `port` as well until the move is settled. Rejects with the system's error when it cannot be bound. */
  move(port: number, drainMs: number): Promise<Move>;
  close(drainMs: number): Promise<void>;
}

export function createPublicSide(context: LocalContext, service: string, handler: PublicHandler): PublicSide {
  let listener: PublicListener | null = null;
  let retry: NodeJS.Timeout | null = null;
  let closing = false;

  async function open(port: number): Promise<void> {
    try {
      const opened = await listenPublic(context.publicHost, port, handler);
      if (closing) await opened.close(0);
      else listener = opened;
    } catch (error) {
      context.log.error({ service, port, err: error }, 'the public port cannot be bound yet');
      if (!closing) retry = setTimeout(() => void open(port), RETRY_MS);
    }
  }

  return {
    isListening: () => listener !== null,
    open,
    async move(port, drainMs) {
      const old = listener;
      if (old?.port === port) return { settle: () => undefined, undo: () => undefined };
      const moved = await listenPublic(context.publicHost, port, handler);
      return {
        settle() {
          if (retry !== null) clearTimeout(retry);
          listener = moved;
          void old?.close(drainMs);
        },
        undo: () => void moved.close(drainMs),
      };
    },
    async close(drainMs) {
      closing = true;
      if (retry !== null) clearTimeout(retry);
      await listener?.close(drainMs);
    },
  };
}
