/** `cutover completion`: a script for the shell, and the hidden command that the script asks. */
import process, { stdout } from 'node:process';
import { Argument, Command } from 'commander';
import { ANSWER_COMMAND, FILES_LINE, SHELLS, type Shell, scriptFor } from '../completion/scripts.ts';
import { EXIT } from '../exit-codes.ts';
import { sanitise } from '../render/sanitise.ts';

const COMPLETION_HELP = `
  bash   source <(cutover completion bash)       in ~/.bashrc
  zsh    source <(cutover completion zsh)        in ~/.zshrc, after compinit
  fish   cutover completion fish | source        in ~/.config/fish/config.fish`;

export function completionCommand(): Command {
  return new Command('completion')
    .description('print a script that completes commands, options and deployments in a shell')
    .addArgument(new Argument('<shell>', 'the shell that sources it').choices(SHELLS))
    .addHelpText('after', COMPLETION_HELP)
    .action((shell: Shell) => void stdout.write(scriptFor(shell)));
}

/** Everything that follows is the command line as typed; it fails silently, since somebody is typing. */
export function answerCommand(program: Command): Command {
  return new Command(ANSWER_COMMAND)
    .description('tell what fits at the cursor (asked by the scripts of `completion`)')
    .argument('[words...]')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const lines = await answer(program, words);
      // A connection that hangs must not keep the shell waiting.
      stdout.write(lines.map((line) => `${line}\n`).join(''), () => process.exit(EXIT.succeeded));
    });
}

async function answer(program: Command, words: readonly string[]): Promise<string[]> {
  const { completionOf } = await import('../completion/answer.ts');
  const { candidates, files, deployments, prefix } = completionOf(program, words);
  const { deploymentCandidates } = await import('../completion/deployments.ts');
  const all = deployments ? [...candidates, ...(await deploymentCandidates(prefix))] : candidates;
  const lines = all.map(({ value, note }) => `${sanitise(value)}\t${sanitise(note)}`);
  return files ? [...lines, FILES_LINE] : lines;
}
