/** What the SDK throws, as errors with a code. */
import {
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { CutoverError } from '../errors.ts';
import { shortId } from './deployment-id.ts';

/** https://grpc.io/docs/guides/status-codes/ */
export const GRPC = {
  cancelled: 1,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const UNREACHABLE: readonly number[] = [GRPC.cancelled, GRPC.deadline_exceeded, GRPC.unavailable];
const REFUSED: readonly number[] = [GRPC.permission_denied, GRPC.unauthenticated];

/** The gRPC status code behind an error of the SDK; null: there is none. */
export function grpcCode(error: unknown): number | null {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && error.cause !== undefined ? grpcCode(error.cause) : null;
}

export interface RpcContext {
  address: string;
  namespace: string;
  workflowId?: string;
}

/** Errors with a code pass unchanged; what is not known is CUTOVER_INTERNAL with its cause. */
export function toCutoverError(error: unknown, context: RpcContext): CutoverError {
  if (error instanceof CutoverError) return error;
  const code = grpcCode(error);
  const details = { address: context.address, namespace: context.namespace };
  if (isNamespaceMissing(error)) {
    const message = `Temporal at ${context.address} has no namespace \`${context.namespace}\`.`;
    return new CutoverError('CUTOVER_TEMPORAL_UNREACHABLE', message, { cause: error, details });
  }
  if (error instanceof WorkflowNotFoundError || (code === GRPC.not_found && context.workflowId !== undefined)) {
    return notFound(context.workflowId ?? '', error);
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || (code !== null && UNREACHABLE.includes(code))) {
    const message = `Temporal does not answer at ${context.address}.`;
    return new CutoverError('CUTOVER_TEMPORAL_UNREACHABLE', message, { cause: error, details });
  }
  if (code !== null && REFUSED.includes(code)) {
    const message = `Temporal at ${context.address} refused this client: ${rootMessage(error)}`;
    return new CutoverError('CUTOVER_TEMPORAL_UNREACHABLE', message, { cause: error, details });
  }
  if (error instanceof ServiceError) {
    return new CutoverError('CUTOVER_INTERNAL', `Temporal answered: ${rootMessage(error)}`, { cause: error, details });
  }
  return new CutoverError('CUTOVER_INTERNAL', rootMessage(error), { cause: error });
}

export function notFound(workflowId: string, cause?: unknown): CutoverError {
  return new CutoverError('CUTOVER_NOT_FOUND', `There is no deployment ${shortId(workflowId)}.`, {
    cause,
    details: { workflow_id: workflowId },
  });
}

/** The innermost message: the outer ones only say that a call failed. */
export function rootMessage(error: unknown): string {
  if (isGrpcServiceError(error)) return error.details === '' ? error.message : error.details;
  if (error instanceof Error) return error.cause === undefined ? error.message : rootMessage(error.cause);
  return String(error);
}

function isNamespaceMissing(error: unknown): boolean {
  const code = grpcCode(error);
  if (error instanceof Error && error.name === 'NamespaceNotFoundError') return true;
  return code === GRPC.not_found && /namespace .* (is )?not found/i.test(rootMessage(error));
}
