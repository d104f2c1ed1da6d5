/**
 * Lists that a watch keeps up to date, for those who look every second: what they read is as old as a stated bound at most,
 * since a watch that has stopped silently looks like one where nothing happens.
 */
import type { KubernetesListObject, KubernetesObject } from '@kubernetes/client-node';

export interface WatchedSource {
  list(
    path: string,
    query: Record<string, string>,
    signal: AbortSignal,
  ): Promise<KubernetesListObject<KubernetesObject>>;
  /** `done` is called once, whatever ends the watch; the function that is returned ends it. */
  watch(
    path: string,
    query: Record<string, string>,
    event: (type: string, object: KubernetesObject) => void,
    done: () => void,
  ): Promise<() => void>;
}

interface Entry {
  items: Map<string, KubernetesObject>;
  /** When the server last said anything of it, monotonic milliseconds. */
  aliveAtMs: number;
  usedAtMs: number;
  /** Null: it is being opened. */
  stop: (() => void) | null;
}

/** Nobody looks any more: the watch is ended. */
const IDLE_MS = 30_000;

/** Reads through open watches, one per path and selector. */
export class WatchedLists {
  readonly #source: WatchedSource;
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<Entry>>();
  /** Keys of watches that were asked for and not answered yet: there is one at a time. */
  readonly #opening = new Set<string>();
  #sweeper: NodeJS.Timeout | null = null;

  constructor(source: WatchedSource) {
    this.#source = source;
  }

  /** At most `maxAgeMs` old. Where it may not be watched, it is listed every time. */
  async list(
    path: string,
    query: Record<string, string>,
    maxAgeMs: number,
    signal: AbortSignal,
  ): Promise<KubernetesObject[]> {
    const key = `${path}?${new URLSearchParams(query)}`;
    const known = this.#entries.get(key);
    const now = performance.now();
    if (known !== undefined && now - known.aliveAtMs <= maxAgeMs) {
      known.usedAtMs = now;
      return [...known.items.values()];
    }
    const loading = this.#loading.get(key) ?? this.#load(key, path, query, signal);
    this.#loading.set(key, loading);
    try {
      return [...(await loading).items.values()];
    } finally {
      this.#loading.delete(key);
    }
  }

  /** A watch that has missed nothing is left open: it was merely quiet. */
  async #load(key: string, path: string, query: Record<string, string>, signal: AbortSignal): Promise<Entry> {
    const known = this.#entries.get(key);
    const now = performance.now();
    const { items, metadata } = await this.#source.list(path, query, signal);
    const current = this.#entries.get(key);
    // One that was opened meanwhile has told of everything since.
    if (current !== undefined && (current !== known || agrees(current, items))) {
      current.aliveAtMs = now;
      current.usedAtMs = now;
      return current;
    }
    this.#drop(key);
    const entry: Entry = { items: new Map(), aliveAtMs: now, usedAtMs: now, stop: null };
    for (const item of items) entry.items.set(item.metadata?.name ?? '', item);
    const from = { ...query, resourceVersion: metadata?.resourceVersion ?? '', allowWatchBookmarks: 'true' };
    if (!this.#opening.has(key)) this.#open(key, path, from, entry);
    return entry;
  }

  /** Nobody waits for it: a server may take the request and never answer. Until it does, everything is listed. */
  #open(key: string, path: string, from: Record<string, string>, entry: Entry): void {
    let ended = false;
    const end = () => {
      ended = true;
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    this.#opening.add(key);
    this.#source
      .watch(path, from, (type, object) => take(entry, type, object, end), end)
      .then((stop) => {
        entry.stop = stop;
        if (ended) return;
        this.#entries.set(key, entry);
        this.#sweep();
      })
      .catch(() => undefined)
      .finally(() => this.#opening.delete(key));
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    entry?.stop?.();
  }

  /** Holds no process open. */
  #sweep(): void {
    this.#sweeper ??= setInterval(() => {
      const now = performance.now();
      for (const [key, { usedAtMs }] of this.#entries) if (now - usedAtMs > IDLE_MS) this.#drop(key);
      if (this.#entries.size > 0 || this.#sweeper === null) return;
      clearInterval(this.#sweeper);
      this.#sweeper = null;
    }, IDLE_MS).unref();
  }
}

function agrees({ items: known }: Entry, items: readonly KubernetesObject[]): boolean {
  const versionOf = (object: KubernetesObject | undefined) => object?.metadata?.resourceVersion;
  const isSame = (item: KubernetesObject) => {
    const version = versionOf(item);
    return version !== undefined && versionOf(known.get(item.metadata?.name ?? '')) === version;
  };
  return items.length === known.size && items.every(isSame);
}

function take(entry: Entry, type: string, object: KubernetesObject, end: () => void): void {
  const name = object.metadata?.name ?? '';
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      entry.items.set(name, object);
      break;
    case 'DELETED':
      entry.items.delete(name);
      break;
    case 'BOOKMARK':
      break;
    default: {
      // ERROR, as a rule because the resourceVersion is too old: the next look lists again.
      end();
      entry.stop?.();
      return;
    }
  }
  entry.aliveAtMs = performance.now();
}
