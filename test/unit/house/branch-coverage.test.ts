import type { FileCoverageData } from 'istanbul-lib-coverage';
import { expect, it } from 'vitest';
import { addBranches, branchLine } from '../../support/branch-coverage/branches.ts';

type Branch = [type: string, line: number, column: number, counts: number[]];

function file(path: string, ...branches: Branch[]): FileCoverageData {
  const entries = branches.map(([type, line, column, counts], id) => {
    const loc = { start: { line, column }, end: { line: line + 1, column: 0 } };
    return { id: String(id), branch: { type, line, loc, locations: counts.map(() => loc) }, counts };
  });
  return {
    path,
    statementMap: {},
    s: {},
    fnMap: {},
    f: {},
    branchMap: Object.fromEntries(entries.map(({ id, branch }) => [id, branch])),
    b: Object.fromEntries(entries.map(({ id, counts }) => [id, counts])),
  };
}

it('adds the counts of the same branches, in whatever order and a column apart', () => {
  const into = file('a.ts', ['if', 3, 2, [1, 0]], ['cond-expr', 9, 10, [0, 0]]);
  addBranches(into, file('a.ts', ['cond-expr', 9, 9, [0, 4]], ['if', 3, 2, [2, 5]]));
  expect(into.b).toEqual({ 0: [3, 5], 1: [0, 4] });
});

it.each<[string, Branch[]]>([
  [
    'one branch more',
    [
      ['if', 3, 2, [1, 0]],
      ['if', 4, 2, [1, 0]],
    ],
  ],
  ['another kind', [['cond-expr', 3, 2, [1, 0]]]],
  ['another line', [['if', 4, 2, [1, 0]]]],
  ['an arm more', [['switch', 3, 2, [1, 0, 0]]]],
])('refuses to add a file with %s', (_what, branches) => {
  const into = file('a.ts', ['if', 3, 2, [1, 0]]);
  expect(() => addBranches(into, file('a.ts', ...branches))).toThrow('a.ts');
});

it('prints covered and all branches of each layer, and never rounds up', () => {
  const files = [
    file('/repo/src/plan/a.ts', ['if', 1, 0, [1, 0]]),
    file('/repo/src/plan/schema/b.ts', ['switch', 1, 0, [1, 7, 2, 1]]),
    file('/repo/src/decision/c.ts', ['switch', 1, 0, [...Array<number>(1_999).fill(1), 0]]),
    file('/repo/src/planning/d.ts', ['if', 1, 0, [0, 0]]),
  ];
  expect(branchLine(files, '/repo')).toBe(
    'branch coverage: src/plan 83.3 % (5 of 6), src/decision 99.9 % (1999 of 2000), src/workflows 100.0 % (0 of 0)',
  );
});
