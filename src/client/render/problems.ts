/** What is wrong with a plan, each with its place and what would be right. */
import type { Problem } from '../../plan/problems.ts';
import type { Colors } from './canvas.ts';
import { sanitise } from './sanitise.ts';

/** More of them have one cause, and would push the first off the screen. */
const MAX_SHOWN = 50;

export function renderProblems(problems: readonly Problem[], colors: Colors): string {
  const shown = problems.slice(0, MAX_SHOWN).map((problem) => renderProblem(problem, colors));
  const left = problems.length - shown.length;
  return [...shown, ...(left === 0 ? [] : [colors.dim(`… and ${left} more; --json lists all`)])].join('\n');
}

function renderProblem(problem: Problem, colors: Colors): string {
  const paint = problem.severity === 'error' ? colors.red : colors.yellow;
  const place = colors.bold(sanitise(`${problem.file}:${problem.line}:${problem.column}`));
  const key = problem.key === '' ? '' : `${sanitise(problem.key)}: `;
  const head = `${place} ${paint(problem.severity)} ${colors.dim(problem.code)}`;
  return [head, `  ${key}${sanitise(problem.message)}`, `  ${colors.dim(sanitise(problem.hint))}`].join('\n');
}
