/** `cutover schema`: the JSON Schema of a plan, with which an editor completes and checks plans. */
import type { Command } from 'commander';
import { CutoverError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { CommonOptions, Output } from '../output.ts';
import { finish, newCommand } from './support.ts';

interface SchemaOptions extends CommonOptions {
  out?: string;
}

export function schemaCommand(): Command {
  return newCommand('schema', 'print the JSON Schema of a plan (draft 7), for editors')
    .option('-o, --out <file>', 'write it there instead')
    .action((options: SchemaOptions) => finish(options, (output) => write(output, options.out ?? null)));
}

async function write(output: Output, file: string | null): Promise<ExitCode> {
  const { planJsonSchema } = await import('../../plan/schema/json-schema.ts');
  const schema = planJsonSchema();
  if (file === null) {
    output.data(schema);
    return EXIT.succeeded;
  }
  const { default: writeFileAtomic } = await import('write-file-atomic');
  try {
    await writeFileAtomic(file, `${JSON.stringify(schema, null, 2)}\n`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CutoverError('CUTOVER_USAGE', `The schema cannot be written to ${file}: ${why}`, { cause });
  }
  if (output.json) output.data({ file });
  else output.note(`The schema is in ${file}; begin a plan with: # yaml-language-server: $schema=${file}`);
  return EXIT.succeeded;
}
