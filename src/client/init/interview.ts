/** Questions at a terminal. */
import { stderr, stdin } from 'node:process';
import { input, select } from '@inquirer/prompts';
import { CutoverError } from '../../errors.ts';
import type { Interview } from './questions.ts';

/** Asked on stderr: stdout may be where the plan goes. CUTOVER_USAGE when the person leaves. */
export function terminalInterview(): Interview {
  const context = { input: stdin, output: stderr };
  return {
    text: (message, preset) =>
      unlessLeft(
        input(
          { message, ...(preset === null ? { required: true } : preset === '' ? {} : { default: preset }) },
          context,
        ),
      ),
    choice: (message, choices) =>
      unlessLeft(
        select(
          {
            message,
            choices: choices.map(({ value, note }) => ({ value, name: note === '' ? value : `${value}: ${note}` })),
          },
          context,
        ),
      ),
  };
}

async function unlessLeft<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw new CutoverError('CUTOVER_USAGE', 'Left before every question was answered; nothing was written.', { cause });
  }
}
