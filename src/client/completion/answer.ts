/** What can stand at the cursor of a command line: read off the command tree, so that it is never out of date. Pure. */
import type { Argument, Command, Option } from 'commander';

export interface Candidate {
  value: string;
  note: string;
}

export interface Completion {
  candidates: Candidate[];
  /** The shell adds the files that fit. */
  files: boolean;
  /** Names of deployments fit, of which the command tree knows nothing. */
  deployments: boolean;
  /** What the cursor's word begins with. */
  prefix: string;
}

const FILES = ['file', 'folder', 'plan', 'history'];
const DEPLOYMENTS = ['id'];
const SERVICES = ['name'];

/** `words` follow the program's name; the last one, perhaps empty, is the one at the cursor. */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const typed = words.slice(0, -1);
  const prefix = words.at(-1) ?? '';
  const { command, values, awaiting } = readWords(program, typed);
  const assigned = /^(--[^=]+)=(.*)$/s.exec(prefix);
  if (assigned !== null) {
    const option = optionsOf(command).find(({ long }) => long === assigned[1]);
    const found = option === undefined ? nothing('') : valuesOf(option, assigned[2] ?? '');
    return withHead(found, `${assigned[1]}=`);
  }
  if (awaiting !== null) return valuesOf(awaiting, prefix);
  if (prefix.startsWith('-')) return fitting(optionsOf(command).flatMap(optionCandidate), prefix);
  if (command === program) return fitting(visibleCommands(program), prefix);
  const argument = argumentAt(command, values.length);
  return argument === null ? nothing(prefix) : argumentValues(argument, prefix);
}

interface Typed {
  command: Command;
  /** Arguments of the command so far. */
  values: string[];
  /** The option whose value comes next; null: none. */
  awaiting: Option | null;
}

function readWords(program: Command, typed: readonly string[]): Typed {
  let command = program;
  let awaiting: Option | null = null;
  const values: string[] = [];
  for (const word of typed) {
    if (awaiting !== null) awaiting = null;
    else if (word.startsWith('-') && word !== '-') awaiting = awaitedBy(optionsOf(command), word);
    else if (command === program) command = program.commands.find((one) => one.name() === word) ?? program;
    else values.push(word);
  }
  return { command, values, awaiting };
}

function awaitedBy(options: readonly Option[], word: string): Option | null {
  if (word.includes('=')) return null;
  return options.find((option) => (option.long === word || option.short === word) && option.required) ?? null;
}

function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

function visibleCommands(program: Command): Candidate[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({ value: command.name(), note: command.description() }));
}

function optionCandidate({ long, description }: Option): Candidate[] {
  return long == null ? [] : [{ value: long, note: description }];
}

/** Null: the command takes no more. */
function argumentAt(command: Command, index: number): Argument | null {
  const known = command.registeredArguments;
  const last = known.at(-1);
  return known[index] ?? (last?.variadic === true ? last : null);
}

function argumentValues(argument: Argument, prefix: string): Completion {
  const name = argument.name();
  if (argument.argChoices !== undefined) return choices(argument.argChoices, prefix);
  return { ...nothing(prefix), files: FILES.includes(name), deployments: DEPLOYMENTS.includes(name) };
}

function valuesOf(option: Option, prefix: string): Completion {
  if (option.argChoices !== undefined) return choices(option.argChoices, prefix);
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '';
  const isService = option.long === '--service' && SERVICES.includes(placeholder);
  return { ...nothing(prefix), files: FILES.includes(placeholder), deployments: isService };
}

function choices(values: readonly string[], prefix: string): Completion {
  return fitting(
    values.map((value) => ({ value, note: '' })),
    prefix,
  );
}

function fitting(candidates: readonly Candidate[], prefix: string): Completion {
  return { ...nothing(prefix), candidates: candidates.filter(({ value }) => value.startsWith(prefix)) };
}

function nothing(prefix: string): Completion {
  return { candidates: [], files: false, deployments: false, prefix };
}

/** The shell replaces the whole word, the option's name included. */
function withHead(found: Completion, head: string): Completion {
  return { ...found, candidates: found.candidates.map(({ value, note }) => ({ value: `${head}${value}`, note })) };
}
