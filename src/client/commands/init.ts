/** `cutover init`: a first plan, from flags and, at a terminal, from answers. Needs neither Temporal nor a worker. */
import { writeFile } from 'node:fs/promises';
import { stderr, stdin } from 'node:process';
import { Argument, type Command, Option } from 'commander';
import { CutoverError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type Live, STRATEGIES } from '../init/answers.ts';
import { type LiveOptions, lookAt, SOURCES, type Source } from '../init/look-at.ts';
import { answersFor, flagsFor, type InitFlags, listOf, stepsOf } from '../init/questions.ts';
import type { CommonOptions, Output } from '../output.ts';
import { shellWord } from '../render/shell-word.ts';
import { finish, newCommand } from './support.ts';

const DEFAULT_FILE = 'cutover.yaml';
interface InitOptions extends LiveOptions, CommonOptions, Omit<InitFlags, 'steps' | 'approvers'> {
  steps?: string;
  approvers?: string;
  out: string;
  force?: boolean;
}

export function initCommand(): Command {
  return newCommand('init', 'write a first plan; asks for what is left open, at a terminal')
    .addArgument(
      new Argument('[source]', 'read what stands behind a live Service, listener, rule or record').choices([
        ...SOURCES,
      ]),
    )
    .option('-s, --service <name>', 'what is deployed')
    .option('--plan-version <version>', 'its new version (default: 1.0.0)')
    .option('--platform <kind>', 'what runs it: local, kubernetes, … (default: local)')
    .addOption(new Option('--strategy <kind>', 'how traffic moves (default: instant)').choices(STRATEGIES))
    .option('--steps <shares>', "the candidate's shares, percent, for gradual: 5,25,100")
    .option('--approvers <names>', 'who may approve the switch: ana@example.com,ben@example.com')
    .option('--observation <duration>', 'how long it is watched at 100 % (default: 1h)')
    .option('-o, --out <file>', 'where the plan goes; - is stdout', DEFAULT_FILE)
    .option('--force', 'write over a file that is there')
    .option('-n, --namespace <name>', 'init kubernetes: the namespace of the Service (default: default)')
    .option('--context <name>', 'init kubernetes: a context of the kubeconfig (default: the current one)')
    .option('--label <name>', "init kubernetes: the selector's label that holds the colour (default: found)")
    .option('--container <name>', 'init kubernetes: whose image is the version (default: the only one)')
    .option('--listener <arn>', 'init aws: a listener with two target groups')
    .option('--rule <arn>', 'init aws: a listener rule with two target groups')
    .option('--zone <id>', 'init aws: a hosted zone, with --record')
    .option('--record <name>', 'init aws: two weighted records of the zone')
    .option('--region <name>', "init aws: (default: the ARN's, else the SDK's)")
    .option('--cluster <name>', 'init aws: where ECS services are looked for (default: everywhere)')
    .option('--blue <name>', 'init aws: the target group, or set identifier, of blue (default: by its name)')
    .option('--green <name>', 'init aws: that of green')
    .action((source: Source | undefined, options: InitOptions) =>
      finish(options, (output) => init(output, source ?? null, options)),
    );
}

async function init(output: Output, source: Source | null, options: InitOptions): Promise<ExitCode> {
  const { steps, approvers, out, force, ...rest } = options;
  const { flags, live: places } = parted(rest);
  const isAsked = stdin.isTTY === true && stderr.isTTY === true && !output.json;
  const interview = isAsked ? (await import('../init/interview.ts')).terminalInterview() : null;
  const given: InitFlags = {
    ...flags,
    ...(steps === undefined ? {} : { steps: stepsOf(steps) }),
    ...(approvers === undefined ? {} : { approvers: listOf(approvers) }),
  };
  const live: Live | null = await lookAt(source, given, places);
  const answers = { ...(await answersFor(live === null ? given : flagsFor(given, live), interview)), live };
  const { writePlan } = await import('../init/write-plan.ts');
  const text = writePlan(answers);
  const warnings = await checked(text, out);
  if (out === '-') {
    output.line(text.trimEnd());
    return EXIT.succeeded;
  }
  await save(out, text, force === true);
  if (output.json) output.data({ file: out, answers, warnings });
  else tellNext(output, out, warnings);
  return EXIT.succeeded;
}

/** What says where to look, apart from the answers. */
function parted(options: LiveOptions & Omit<InitFlags, 'steps' | 'approvers'>) {
  const { namespace, context, label, container, listener, rule, zone, record, region, cluster, ...rest } = options;
  const { blue, green, ...flags } = rest;
  const live = { namespace, context, label, container, listener, rule, zone, record, region, cluster, blue, green };
  return { flags, live };
}

/** An answer that no plan takes is refused before anything is written; the problems name it. */
async function checked(text: string, name: string): Promise<string[]> {
  const [{ loadPlan }, { PlanError }] = await Promise.all([
    import('../../plan/load.ts'),
    import('../../plan/problems.ts'),
  ]);
  try {
    return loadPlan([{ name, text }]).warnings.map(({ message }) => message);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const told = error.problems
      .filter(({ severity }) => severity === 'error')
      .map(({ key, message }) => `${key}: ${message}`)
      .join(' ');
    throw new CutoverError('CUTOVER_USAGE', `No plan takes these answers. ${told}`, {
      cause: error,
      details: { problems: error.problems },
    });
  }
}

async function save(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = exists
      ? `${file} is there already: choose another --out, or write over it with --force.`
      : `The plan cannot be written: ${why}`;
    throw new CutoverError('CUTOVER_USAGE', message, { cause });
  }
}

function tellNext(output: Output, file: string, warnings: readonly string[]): void {
  const { colors } = output;
  const word = shellWord(file);
  output.line(`${colors.green('written')} ${file}`);
  for (const warning of warnings) output.note(`${colors.yellow('warning')} ${warning}`);
  output.line(`  cutover plan ${word}              see what it will do`);
  output.line(`  cutover start ${word} --dry-run   check that it can be started`);
}
