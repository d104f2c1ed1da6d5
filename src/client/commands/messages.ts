/** `approve`, `reject`, `rollback`, `extend`, `release`: what the workflow answers is what is printed. */
import type { Command } from 'commander';
import type { AnyMessage } from '../../workflows/api.ts';
import type { CutoverClient, MessageAnswer, SendOptions } from '../cutover-client.ts';
import { shortId } from '../deployment-id.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { sanitise } from '../render/text.ts';
import { type DeploymentOptions, deploymentCommand, finish, idOf, withClient } from './support.ts';

interface MessageOptions extends DeploymentOptions {
  by?: string;
  reason?: string;
  requestId?: string;
  force?: boolean;
}

type Send = (client: CutoverClient, id: string, message: AnyMessage, options: SendOptions) => Promise<MessageAnswer>;

export function approveCommand(): Command {
  const send: Send = (client, id, message, options) => client.approve(id, message, options);
  return simpleCommand('approve', 'approve what waits for approval', send);
}

export function rejectCommand(): Command {
  const send: Send = (client, id, message, options) => client.reject(id, message, options);
  return simpleCommand('reject', 'reject what waits for approval: traffic goes back', send);
}

export function releaseCommand(): Command {
  const send: Send = (client, id, message, options) => client.release(id, message, options);
  return simpleCommand('release', 'end the lease now, or the keeping of a failed candidate', send);
}

export function rollbackCommand(): Command {
  const send: Send = (client, id, message, options) => client.rollback(id, message, options);
  return messageCommand('rollback', 'put all traffic back on the old colour')
    .option('--force', 'go even though the old colour is known not to be ready')
    .action((id: string, options: MessageOptions) =>
      finish(options, (output) => deliver(output, idOf(id, options), options, send)),
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

async function deliver(output: Output, workflowId: string, options: MessageOptions, send: Send): Promise<ExitCode> {
  const message: AnyMessage = {
    ...(options.by === undefined ? {} : { by: options.by }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.requestId === undefined ? {} : { request_id: options.requestId }),
    ...(options.force === true ? { force: true } : {}),
  };
  const onAccepted = () => {
    if (!output.json) output.line('accepted');
  };
  const answer = await withClient((client) => send(client, workflowId, message, { onAccepted }));
  if (output.json) output.data(answer);
  else output.line(describeAnswer(answer, workflowId));
  return answer.receipt?.phase === 'stuck' ? EXIT.unresolved : EXIT.succeeded;
}

function describeAnswer(answer: MessageAnswer, workflowId: string): string {
  switch (answer.delivery) {
    case 'answered':
      return sanitise(answer.receipt.message);
    case 'accepted':
      return `it is being acted on; see how it goes: cutover watch ${shortId(workflowId)}`;
    case 'recorded':
      return `recorded; no worker is answering. It is acted on when one runs (request ${answer.request_id})`;
  }
}
