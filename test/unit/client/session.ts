/** A connection to Temporal that answers what a test says. */
import { ServiceError, WorkflowClient } from '@temporalio/client';
import type { Session } from '../../../src/client/session.ts';

export function grpcError(code: number, details: string): ServiceError {
  return new ServiceError('call failed', {
    cause: Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} }),
  });
}

interface Answers {
  /** Calls of the raw service, by name. */
  service?: Record<string, (request: never) => unknown>;
  /** Of one run; `runId` undefined: the newest. */
  handle?: (runId: string | undefined) => { describe?: () => unknown; result?: () => unknown; query?: () => unknown };
  executeUpdateWithStart?: () => unknown;
}

/** Whatever is not answered fails the test that asks for it. */
export function fakeSession(answers: Answers): Session {
  const later = (answer: (() => unknown) | undefined) => async () => {
    if (answer === undefined) throw new Error('nobody has said what this call answers');
    return answer();
  };
  const service = Object.fromEntries(
    Object.entries(answers.service ?? {}).map(([name, answer]) => [
      name,
      async (request: unknown) => answer(request as never),
    ]),
  );
  const workflows = Object.create(WorkflowClient.prototype) as WorkflowClient;
  Object.assign(workflows, {
    getHandle: (_: string, runId?: string) => {
      const handle = answers.handle?.(runId) ?? {};
      return { describe: later(handle.describe), result: later(handle.result), query: later(handle.query) };
    },
    executeUpdateWithStart: later(answers.executeUpdateWithStart),
  });
  const connection = { workflowService: service, withDeadline: (_: number, call: () => unknown) => call() };
  return {
    connection: connection as unknown as Session['connection'],
    workflows,
    address: '127.0.0.1:7233',
    namespace: 'default',
    uiUrl: null,
  };
}
