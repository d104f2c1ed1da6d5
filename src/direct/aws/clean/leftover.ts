/** What deployments of the past have left behind: what Cutover made, and nobody needs any more. */

export interface Leftover {
  kind: 'task_definition' | 'launch_template_version' | 'image';
  /** ARN of a revision, `lt-…:NUMBER`, or ID of an image. */
  id: string;
  /** Of the service. */
  version: string;
  /** Of an image, which are left unless they are asked for; else empty. */
  snapshots: string[];
}

/** Null: it is gone. */
export interface Removed {
  id: string;
  problem: string | null;
}

export interface Keeping {
  /** So many of the newest of each kind stay whatever they are; at least one. */
  newest: number;
  /** Versions that a deployment under way, or in its lease, names. */
  versions: ReadonlySet<string>;
}

/** Those that are neither among the newest, nor in use. `made` is newest first. */
export function leftOf<T extends { version: string; isUsed: boolean }>(
  made: readonly T[],
  { newest, versions }: Keeping,
): T[] {
  // A version that serves may have been made more than once; a rollback may go to any of them.
  const serving = new Set(made.filter(({ isUsed }) => isUsed).map(({ version }) => version));
  return made.slice(newest).filter(({ version }) => !serving.has(version) && !versions.has(version));
}
