/** The page of the SDK's own exporter, which has a port of its own, and how it becomes part of ours. */

const TIMEOUT_MS = 1_000;
const NAME = /^# (?:HELP|TYPE) (\S+)/;

/** Null when it cannot be read within a second. */
export async function readSdkPage(port: number): Promise<string | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

/** Both pages as one. A name may stand in a page once only, so families of `theirs` that `ours` has are left out. */
export function mergePages(ours: string, theirs: string): string {
  const known = new Set(ours.split('\n').flatMap((line) => NAME.exec(line)?.[1] ?? []));
  let isKnown = false;
  const added = theirs.split('\n').filter((line) => {
    const name = NAME.exec(line)?.[1];
    if (name !== undefined) isKnown = known.has(name);
    return line !== '' && !isKnown && line !== '# EOF';
  });
  return `${[ours.trimEnd(), ...added].join('\n')}\n`;
}
