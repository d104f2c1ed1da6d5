import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/client/cli.ts';
import { EXIT } from '../../../src/client/exit-codes.ts';
import { MESSAGES } from '../../../src/workflows/api.ts';

function page(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
}

describe('docs/cli.md', () => {
  it('names every command', () => {
    for (const command of createProgram().commands)
      expect(page('cli.md')).toMatch(new RegExp(`\`${command.name()}[ \`]`));
  });

  it('names every exit code', () => {
    for (const code of Object.values(EXIT)) expect(page('cli.md')).toContain(`\n| ${code} | `);
  });
});

describe('docs/messages.md', () => {
  it('has every message, in its table and as a command', () => {
    for (const name of MESSAGES) {
      expect(page('messages.md')).toContain(`\n| \`${name}\` | `);
      expect(page('messages.md')).toContain(`--name ${name}`);
    }
  });
});
