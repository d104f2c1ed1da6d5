/** What is wrong with a plan, each with its place and what would be right. */
import type { Problem } from '../../plan/problems.ts';
import type { Colors } from './canvas.ts';
import { sanitise } from './text.ts';

export function renderProblems(problems: readonly Problem[], colors: Colors): string {
  return problems.map((problem) => renderProblem(problem, colors)).join('\n');
}

function renderProblem(problem: Problem, colors: Colors): string {
  const paint = problem.severity === 'error' ? colors.red : colors.yellow;
  const place = colors.bold(sanitise(`${problem.file}:${problem.line}:${problem.column}`));
  const key = problem.key === '' ? '' : `${sanitise(problem.key)}: `;
  const head = `${place} ${paint(problem.severity)} ${colors.dim(problem.code)}`;
  return [head, `  ${key}${sanitise(problem.message)}`, `  ${colors.dim(sanitise(problem.hint))}`].join('\n');
}
