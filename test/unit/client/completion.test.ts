import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/client/cli.ts';
import { completionOf } from '../../../src/client/completion/answer.ts';
import { candidatesOf } from '../../../src/client/completion/deployments.ts';
import { SHELLS, scriptFor } from '../../../src/client/completion/scripts.ts';
import type { DeploymentSummary } from '../../../src/client/summary.ts';

const program = createProgram();

function values(...words: string[]): string[] {
  return completionOf(program, words).candidates.map(({ value }) => value);
}

describe('what fits at the cursor', () => {
  it('is a command, none of the hidden ones', () => {
    expect(values('')).toContain('history');
    expect(values('')).not.toContain('__complete');
    expect(values('pr')).toEqual(['promote']);
    expect(values('--utc', 'rel')).toEqual(['release']);
  });

  it('is an option of the command', () => {
    expect(values('status', '--l')).toEqual(['--live']);
    expect(values('status', 'shop', '--l')).toEqual(['--live']);
    expect(values('--u')).toEqual(['--utc']);
  });

  it('is a value of the option before it, or of the one that it is written to', () => {
    expect(values('start', 'plan.yaml', '--until', '')).toEqual(['lease', 'closed']);
    expect(values('start', '--until=c')).toEqual(['--until=closed']);
    expect(values('start', '--nothing=c')).toEqual([]);
    expect(values('init', '--strategy', 'g')).toEqual(['gradual']);
    expect(values('list', '--limit', '')).toEqual([]);
    expect(values('completion', 'z')).toEqual(['zsh']);
  });

  it('is a file where one is wanted', () => {
    for (const words of [
      ['plan', ''],
      ['start', 'a.yaml', 'b'],
      ['init', '--out', ''],
      ['init', '--out=x'],
    ])
      expect(completionOf(program, words)).toMatchObject({ files: true, deployments: false });
  });

  it('is a deployment where one is wanted, and nothing behind it', () => {
    expect(completionOf(program, ['status', 'sh'])).toMatchObject({ deployments: true, prefix: 'sh' });
    expect(completionOf(program, ['rollback', '--reason', 'bad', ''])).toMatchObject({ deployments: true });
    expect(completionOf(program, ['list', '--service', ''])).toMatchObject({ deployments: true });
    expect(completionOf(program, ['status', 'shop', ''])).toMatchObject({ deployments: false, candidates: [] });
    expect(completionOf(program, ['list', ''])).toMatchObject({ deployments: false, candidates: [] });
  });

  it('is a deployment as it is typed: short in production, with its environment elsewhere', () => {
    const one = (workflow_id: string, environment: string) =>
      ({ workflow_id, environment, version: '2.0.0', phase: 'decision_window' }) as DeploymentSummary;
    const known = [
      one('cutover/production/shop@eu', 'production'),
      one('cutover/staging/shop', 'staging'),
      one('cutover/production/shop@eu', 'production'),
    ];
    expect(candidatesOf(known, 's')).toEqual([
      { value: 'shop@eu', note: '2.0.0, decision window' },
      { value: 'staging/shop', note: '2.0.0, decision window' },
    ]);
    expect(candidatesOf(known, 'production/')).toMatchObject([{ value: 'production/shop@eu' }]);
  });
});

describe('the script for bash', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cutover-completion-'));
    mkdirSync(join(folder, 'plans'));
    writeFileSync(join(folder, 'plans', 'a b.yaml'), '');
    // Answers with what it was asked, so that the words which reach the program can be seen.
    const lines = ['#!/bin/bash', 'shift 2', 'for last; do :; done', 'case "$last" in'];
    const cases = [
      'pla*) printf ":files\\n" ;;',
      '--until=*) printf "%s\\n" "--until=closed\tnote" ;;',
      '*@*) printf "%s\\n" "shop@eu-west-1\tone" "shop@eu-west-2\ttwo" ;;',
      '*) printf "%s\\n" "words $#\tnote: with colon" "$1" ;;',
    ];
    writeFileSync(join(folder, 'cutover'), [...lines, ...cases, 'esac', ''].join('\n'));
    chmodSync(join(folder, 'cutover'), 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function complete(line: string, point = line.length): string[] {
    const script = `${scriptFor('bash')}\nCOMP_LINE=$1 COMP_POINT=$2\n_cutover_complete\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const args = ['--norc', '-c', script, 'bash', line, String(point)];
    return execFileSync('bash', args, { cwd: folder, env, encoding: 'utf8', timeout: 10_000 }).trimEnd().split('\n');
  }

  it('asks with the words as typed, up to the cursor', () => {
    expect(complete('cutover status sh')).toEqual(['words 2', 'status']);
    expect(complete('cutover status ')).toEqual(['words 2', 'status']);
    expect(complete('cutover status shop --live', 17)).toEqual(['words 2', 'status']);
  });

  it('gives what readline replaces, which breaks words at = and @', () => {
    expect(complete('cutover start --until=c')).toEqual(['closed']);
    expect(complete('cutover status shop@eu')).toEqual(['eu-west-1', 'eu-west-2']);
  });

  it('adds files, spaces and all', () => {
    expect(complete('cutover start plans/')).toEqual(['plans/a b.yaml']);
  });

  it('evaluates nothing of what was typed', () => {
    expect(complete(`cutover status $(touch ${join(folder, 'evil')}) x`)).toEqual(['words 4', 'status']);
    expect(() => execFileSync('ls', [join(folder, 'evil')], { stdio: 'ignore' })).toThrow();
  });
});

describe('the scripts', () => {
  it.each(SHELLS)('for %s ask the hidden command and say how they are loaded', (shell) => {
    expect(scriptFor(shell)).toContain(`__complete --`);
    expect(scriptFor(shell)).toContain(`cutover completion ${shell}`);
  });
});
