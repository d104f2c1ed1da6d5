/** One line of `cutover doctor`. */
export interface Check {
  name: string;
  /** `skipped`: it rests on something that is not there. */
  state: 'ok' | 'warning' | 'failed' | 'skipped';
  /** What was found. */
  detail: string;
  /** What to do; null: nothing. */
  fix: string | null;
}

export function ok(name: string, detail: string): Check {
  return { name, state: 'ok', detail, fix: null };
}

export function warning(name: string, detail: string, fix: string): Check {
  return { name, state: 'warning', detail, fix };
}

export function failed(name: string, detail: string, fix: string): Check {
  return { name, state: 'failed', detail, fix };
}

export function skipped(name: string, detail: string): Check {
  return { name, state: 'skipped', detail, fix: null };
}

/** At most so many names, and how many more there are. */
export function some(names: readonly string[], atMost = 3): string {
  const more = names.length > atMost ? ` and ${names.length - atMost} more` : '';
  return `${names.slice(0, atMost).join(', ')}${more}`;
}
