/** What Temporal has, and what it lets this client do. */
import { randomUUID } from 'node:crypto';
import { SEARCH_ATTRIBUTES } from '../../workflows/api.ts';
import { searchAttributeCommand, visibilityQuery } from '../list.ts';
import { GRPC, grpcCode, rootMessage } from '../rpc-errors.ts';
import { CALL_TIMEOUT_MS, type Session } from '../session.ts';
import { type Check, failed, ok, warning } from './check.ts';

const REFUSED: readonly (number | null)[] = [GRPC.permission_denied, GRPC.unauthenticated];

type Answer<T> = { value: T } | { error: unknown };

export async function checkServer(session: Session, isTls: boolean): Promise<Check> {
  const answer = await ask(session, () => session.connection.workflowService.getSystemInfo({}));
  const where = `${session.address}, ${isTls ? 'TLS' : 'no TLS'}`;
  if ('value' in answer) return ok('Temporal', `${where}, server ${answer.value.serverVersion || 'unknown'}`);
  return failed('Temporal', `${where}: ${rootMessage(answer.error)}`, 'Check TEMPORAL_ADDRESS and TEMPORAL_TLS….');
}

export async function checkNamespace(session: Session): Promise<Check> {
  const { namespace } = session;
  const answer = await ask(session, () => session.connection.workflowService.describeNamespace({ namespace }));
  if ('value' in answer) return ok('namespace', namespace);
  if (isRefused(answer.error)) return refused('namespace', answer.error, `to read namespace ${namespace}`);
  const create = `temporal operator namespace create --namespace ${namespace}`;
  return failed('namespace', `${namespace}: ${rootMessage(answer.error)}`, `Check TEMPORAL_NAMESPACE, or: ${create}`);
}

/** A query that names an attribute is refused when there is none of that name; it needs no more than reading. */
export async function checkSearchAttributes(session: Session): Promise<Check> {
  const answers = await Promise.all(SEARCH_ATTRIBUTES.map((name) => count(session, `${name} = 'none'`)));
  const problems = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  const missing = SEARCH_ATTRIBUTES.filter((_, index) => isInvalid(answers[index]));
  if (missing.length > 0) {
    const command = `${searchAttributeCommand(missing)} --namespace ${session.namespace}`;
    return failed('search attributes', `missing: ${missing.join(', ')}`, command);
  }
  const [first] = problems;
  if (first === undefined) return ok('search attributes', SEARCH_ATTRIBUTES.join(', '));
  return warning(
    'search attributes',
    `cannot be seen: ${rootMessage(first)}`,
    'Run it again when queries are answered.',
  );
}

/** Listing, describing, and writing: asked of deployments that there are none of, so that nothing happens. */
export async function checkPermissions(session: Session): Promise<Check[]> {
  const { connection, namespace } = session;
  const workflowExecution = { workflowId: `cutover/doctor/${randomUUID()}` };
  const probes = [
    { name: 'may list', needs: 'to list workflows', call: () => count(session, visibilityQuery({})) },
    {
      name: 'may describe',
      needs: 'to describe workflows',
      call: () =>
        ask(session, () =>
          connection.workflowService.describeWorkflowExecution({ namespace, execution: workflowExecution }),
        ),
    },
    {
      name: 'may start and signal',
      needs: 'to write: start, signal and update workflows',
      call: () =>
        ask(session, () =>
          connection.workflowService.signalWorkflowExecution({ namespace, workflowExecution, signalName: 'release' }),
        ),
    },
  ];
  return Promise.all(
    probes.map(async ({ name, needs, call }) => {
      const answer: Answer<unknown> = await call();
      // An answer of any other kind came from behind the permission.
      if ('value' in answer || [GRPC.not_found, GRPC.invalid_argument].some((code) => code === grpcCode(answer.error)))
        return ok(name, 'yes');
      if (isRefused(answer.error)) return refused(name, answer.error, needs);
      return warning(name, `not known: ${rootMessage(answer.error)}`, 'Run it again when Temporal answers.');
    }),
  );
}

function isRefused(error: unknown): boolean {
  return REFUSED.includes(grpcCode(error));
}

function refused(name: string, error: unknown, needs: string): Check {
  const fix = `Give this client the permission ${needs}: its API key or certificate (TEMPORAL_API_KEY, TEMPORAL_TLS…).`;
  return failed(name, `refused: ${rootMessage(error)}`, fix);
}

function isInvalid(answer: Answer<unknown> | undefined): boolean {
  return answer !== undefined && 'error' in answer && grpcCode(answer.error) === GRPC.invalid_argument;
}

function count(session: Session, query: string): Promise<Answer<unknown>> {
  const { connection, namespace } = session;
  return ask(session, () => connection.workflowService.countWorkflowExecutions({ namespace, query }));
}

async function ask<T>({ connection }: Session, call: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, call) };
  } catch (error) {
    return { error };
  }
}
