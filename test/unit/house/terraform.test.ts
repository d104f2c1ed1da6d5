import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/package-root.ts';

const DEPLOY = join(packageRoot(), 'deploy');
const FILES = ['ecs', 'asg'].flatMap((example) =>
  readdirSync(join(DEPLOY, 'terraform', example)).map((file) => ({ example, file })),
);

function read(example: string, file: string): string {
  return readFileSync(join(DEPLOY, 'terraform', example, file), 'utf8');
}

function ignoredOf(example: string, resource: string): string[] {
  const text = read(example, 'main.tf');
  const from = text.indexOf(`resource "${resource}"`);
  const block = text.slice(from, text.indexOf('\n}\n', from));
  const [, list = ''] = /ignore_changes = \[([^\n]*)\]\n/.exec(block) ?? [];
  return list.split(', ');
}

/** Placeholders as the examples fill them in: whole words of capitals. */
function filled(example: string, name: string): unknown {
  const [, map = ''] = /placeholders = \{\n([\s\S]*?)\n {2}\}/.exec(read(example, 'worker.tf')) ?? [];
  const known = new Set([...map.matchAll(/^ +([A-Z_]+) += /gm)].map(([, word]) => word));
  const text = readFileSync(join(DEPLOY, 'aws', 'policies', `${name}.json`), 'utf8');
  const words = text.match(/[A-Z_]+|[^A-Z_]+/g) ?? [];
  return JSON.parse(words.map((word) => (known.has(word) ? 'filled' : word)).join(''));
}

describe('the examples for Terraform', () => {
  it.each(FILES)('are laid out as `terraform fmt` does: $example/$file', ({ example, file }) => {
    const text = read(example, file);
    expect(text).not.toMatch(/\t| \n|\n\n\n|\n\n$/);
    expect(text.endsWith('\n')).toBe(true);
    let depth = 0;
    let columns: { at: number; column: number } | null = null;
    text.split('\n').forEach((line, index) => {
      const plain = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replace(/#.*/, '');
      const closes = /^\s*[}\])]/.test(plain) ? 1 : 0;
      if (plain.trim() !== '') {
        expect(`${index + 1}: ${/^ */.exec(line)?.[0].length}`).toBe(`${index + 1}: ${2 * (depth - closes)}`);
      }
      // Arguments that follow each other have their signs below each other.
      const column = /^ *[\w"]+ += /.test(plain) ? line.indexOf('= ') : null;
      if (column !== null && columns?.at === index - 1)
        expect(`${index + 1}: ${column}`).toBe(`${index + 1}: ${columns.column}`);
      const isOneLine = plain.split(/[{[(]/).length === plain.split(/[}\])]/).length;
      columns = column === null || !isOneLine ? null : { at: index, column };
      const opened = /[{[(]\s*$/.test(plain) ? 1 : 0;
      depth += opened - closes;
    });
    expect(depth).toBe(0);
  });

  it('leave alone what Cutover writes', () => {
    expect(ignoredOf('ecs', 'aws_ecs_service')).toEqual(['task_definition', 'desired_count']);
    expect(ignoredOf('ecs', 'aws_appautoscaling_target')).toEqual(['min_capacity']);
    expect(ignoredOf('asg', 'aws_autoscaling_group')).toEqual([
      ...['launch_template[0].version', 'min_size', 'desired_capacity', 'tag'],
    ]);
    for (const example of ['ecs', 'asg']) {
      expect(ignoredOf(example, 'aws_lb_listener')).toEqual(['default_action']);
      expect(read(example, 'versions.tf')).toContain('key_prefixes = ["cutover:"]');
    }
  });

  it.each([
    ['ecs', 'ecs'],
    ['ecs', 'alb'],
    ['ecs', 'cloudwatch'],
    ['asg', 'asg'],
    ['asg', 'alb'],
    ['asg', 'cloudwatch'],
  ])('fill in every placeholder: %s, in the policy %s', (example, name) => {
    expect(read(example, 'worker.tf')).toMatch(new RegExp(`for name in \\[[^\\]]*"${name}"`));
    const text = JSON.stringify(filled(example, name));
    expect(text).toContain('"2012-10-17"');
    expect(text.match(/\b[A-Z][A-Z_]{3,}\b/g)).toBeNull();
  });
});
