/**
 * Checks a Compose file against the official JSON Schema, taken from the Compose project's own Go module, which the
 * Go client downloads and verifies. Usage: node scripts/validate-compose.mjs [FILE]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const MODULE = 'github.com/compose-spec/compose-go/v2@v2.16.2';
const file = process.argv[2] ?? join(import.meta.dirname, '..', 'docker-compose.yml');

function officialSchema() {
  const options = { cwd: tmpdir(), encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'inherit'] };
  const { Dir } = JSON.parse(execFileSync('go', ['mod', 'download', '-json', MODULE], options));
  return JSON.parse(readFileSync(join(Dir, 'schema', 'compose-spec.json'), 'utf8'));
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
const valid = ajv.validate(officialSchema(), parse(readFileSync(file, 'utf8'), { merge: true }));
for (const { instancePath, message, params } of ajv.errors ?? []) {
  process.stderr.write(`${file}: ${instancePath || '/'} ${message} ${JSON.stringify(params)}\n`);
}
process.stdout.write(valid ? `${file} fits the Compose schema (${MODULE})\n` : '');
process.exitCode = valid ? 0 : 1;
