/** Each message is a command: what the workflow answers is what is printed. */
import type { Command } from 'commander';
import { CutoverError } from '../../errors.ts';
import type { AnyMessage } from '../../workflows/api.ts';
import type { CutoverClient, MessageAnswer, SendOptions } from '../cutover-client.ts';
import { shortId } from '../deployment-id.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { sanitise } from '../render/sanitise.ts';
import { collect, type DeploymentOptions, deploymentCommand, finish, idOf, withClient } from './support.ts';

interface MessageOptions extends DeploymentOptions {
  by?: string;
  reason?: string;
  requestId?: string;
  force?: boolean;
  digest?: string;
}

interface RollbackOptions extends MessageOptions {
  direct?: boolean;
  plan: string[];
  set: string[];
}

const APPROVE_HELP = `
An approval is bound to the digest of version, plan and evidence. Without --digest it is that of what is pending when
the approval arrives, and the digest is printed; the first 8 characters of a digest are enough to name it.`;

const PAUSE_HELP = `
The candidate's share, the old colour's size and the clean-up do not advance, and the open window keeps what is left of
it. Rollback triggers are judged as before and may roll back; approval and lease clocks run; a shift in flight keeps
its deadline. A rollback ends the pause.`;

const RESUME_HELP = `
The open window goes on with what was left of it when it was paused.`;

const PROMOTE_HELP = `
Ends the wait that is under way: the rest of a window, if what was watched is enough to pass it; the pause after an error
burst; or a hook that is held. It never gives an approval, and never passes over a criterion of the switch.`;

type Send = (client: CutoverClient, id: string, message: AnyMessage, options: SendOptions) => Promise<MessageAnswer>;

export function approveCommand(): Command {
  return messageCommand('approve', 'approve what waits for approval')
    .option('--digest <sha256>', 'what is approved, as `status` shows it; something else that is pending is refused')
    .addHelpText('after', APPROVE_HELP)
    .action((id: string, options: MessageOptions) =>
      finish(options, (output) => approve(output, idOf(id, options), options)),
    );
}

export function rejectCommand(): Command {
  const send: Send = (client, id, message, options) => client.reject(id, message, options);
  return simpleCommand('reject', 'reject what waits for approval: traffic goes back', send);
}

export function releaseCommand(): Command {
  const send: Send = (client, id, message, options) => client.release(id, message, options);
  return simpleCommand('release', 'end the lease now, or the keeping of a failed candidate', send);
}

export function pauseCommand(): Command {
  const send: Send = (client, id, message, options) => client.pause(id, message, options);
  return simpleCommand('pause', 'stop it from advancing; watching goes on', send).addHelpText('after', PAUSE_HELP);
}

export function resumeCommand(): Command {
  const send: Send = (client, id, message, options) => client.resume(id, message, options);
  return simpleCommand('resume', 'let a paused deployment advance again', send).addHelpText('after', RESUME_HELP);
}

export function promoteCommand(): Command {
  const send: Send = (client, id, message, options) => client.promote(id, message, options);
  return simpleCommand('promote', 'end a wait early', send).addHelpText('after', PROMOTE_HELP);
}

export function rollbackCommand(): Command {
  const send: Send = (client, id, message, options) => client.rollback(id, message, options);
  return messageCommand('rollback', 'put all traffic back on the old colour')
    .option('--force', 'go even though the old colour is known not to be ready')
    .option('--direct', 'past Temporal, when it is down: through the adapters that --plan names')
    .option(
      '--plan <file>',
      'with --direct: the plan (repeatable; later ones are merged over earlier ones)',
      collect,
      [],
    )
    .option('--set <key=value>', 'with --direct: set a key of the plan (repeatable)', collect, [])
    .action((id: string, options: RollbackOptions) =>
      finish(options, async (output) => {
        const workflowId = idOf(id, options);
        if (options.direct !== true) return deliver(output, workflowId, options, send);
        const { rollbackDirect } = await import('./rollback-direct.ts');
        return rollbackDirect(output, workflowId, options);
      }),
    );
}

/** A negative duration looks like an option; an unknown option is still refused, as one argument too many. */
export function extendCommand(): Command {
  return messageCommand('extend', 'lengthen the observation, or shorten it')
    .argument('<duration>', '30m lengthens, -30m shortens')
    .allowUnknownOption()
    .action((id: string, duration: string, options: MessageOptions) => {
      const send: Send = (client, target, message, sending) =>
        client.extendObservation(target, { ...message, duration }, sending);
      return finish(options, (output) => deliver(output, idOf(id, options), options, send));
    });
}

function simpleCommand(name: string, description: string, send: Send): Command {
  return messageCommand(name, description).action((id: string, options: MessageOptions) =>
    finish(options, (output) => deliver(output, idOf(id, options), options, send)),
  );
}

function messageCommand(name: string, description: string): Command {
  return deploymentCommand(name, description)
    .option('--by <name>', 'who sends it (default: CUTOVER_BY, else the account)')
    .option('--reason <text>', 'why; it is kept')
    .option('--request-id <id>', 'the same id is acted on once (default: a new one)');
}

/** Tells what the approval was bound to: the one who gave it may want to compare. */
async function approve(output: Output, workflowId: string, options: MessageOptions): Promise<ExitCode> {
  refuseNoDigest(options.digest);
  const { answer, digest } = await withClient(async (client) => {
    const given = await client.approve(workflowId, messageOf(options));
    const bound = given.delivery === 'answered' && options.digest === undefined;
    return { answer: given, digest: bound ? await boundDigest(client, workflowId) : null };
  });
  if (output.json) output.data(options.digest === undefined ? { ...answer, digest } : answer);
  else {
    output.line(describeAnswer(output, answer, workflowId));
    if (digest !== null) output.line(`bound to ${sanitise(digest)}`);
  }
  return EXIT.succeeded;
}

/** The approval stands, whether its digest can be read or not. */
async function boundDigest(client: CutoverClient, workflowId: string): Promise<string | null> {
  const status = await client.status(workflowId).catch(() => null);
  return status?.approval?.digest ?? null;
}

function refuseNoDigest(text: string | undefined): void {
  if (text === undefined || /^(sha256:)?[0-9a-f]{8,64}$/i.test(text)) return;
  throw new CutoverError(
    'CUTOVER_USAGE',
    `\`${text}\` is no digest: write its first 8 characters or more, for example 0123456789ab.`,
  );
}

function messageOf(options: MessageOptions): AnyMessage {
  return {
    ...(options.by === undefined ? {} : { by: options.by }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.requestId === undefined ? {} : { request_id: options.requestId }),
    ...(options.digest === undefined ? {} : { digest: options.digest }),
    ...(options.force === true ? { force: true } : {}),
  };
}

async function deliver(output: Output, workflowId: string, options: MessageOptions, send: Send): Promise<ExitCode> {
  const onAccepted = () => {
    if (!output.json) output.line('accepted');
  };
  const answer = await withClient((client) => send(client, workflowId, messageOf(options), { onAccepted }));
  if (output.json) output.data(answer);
  else output.line(describeAnswer(output, answer, workflowId));
  return answer.receipt?.phase === 'stuck' ? EXIT.unresolved : EXIT.succeeded;
}

function describeAnswer(output: Output, answer: MessageAnswer, workflowId: string): string {
  switch (answer.delivery) {
    case 'answered':
      return output.times.inText(sanitise(answer.receipt.message));
    case 'accepted':
      return `it is being acted on; see how it goes: cutover watch ${shortId(workflowId)}`;
    case 'recorded':
      return `recorded; no worker is answering. It is acted on when one runs (request ${answer.request_id})`;
  }
}
