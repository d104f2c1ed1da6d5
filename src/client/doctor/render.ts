/** The checks as a table: what was found, and below it what to do. */
import type { Colors } from '../render/canvas.ts';
import { sanitiseAll } from '../render/sanitise.ts';
import { padEnd, width } from '../render/text.ts';
import type { Check } from './check.ts';

export function renderChecks(checks: readonly Check[], colors: Colors): string {
  const safe = sanitiseAll([...checks]);
  const columns = Math.max(0, ...safe.map(({ name }) => width(name)));
  const lines = safe.flatMap(({ name, state, detail, fix }) => [
    ` ${glyph(state, colors)} ${padEnd(name, columns)}  ${state === 'skipped' ? colors.dim(detail) : detail}`,
    ...(fix === null ? [] : [colors.dim(`   ${' '.repeat(columns)}  → ${fix}`)]),
  ]);
  return [...lines, '', ` ${summary(safe)}`].join('\n');
}

function glyph(state: Check['state'], colors: Colors): string {
  switch (state) {
    case 'ok':
      return colors.green('✔');
    case 'warning':
      return colors.yellow('!');
    case 'failed':
      return colors.red('✖');
    case 'skipped':
      return colors.dim('–');
  }
}

function summary(checks: readonly Check[]): string {
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  return `${count('ok')} ok, ${count('warning')} ${count('warning') === 1 ? 'warning' : 'warnings'}, ${count('failed')} failed`;
}
