/** What AWS answers when it does not do what was asked. */
import { CutoverError, type ErrorCode } from '../../errors.ts';

export interface Asked {
  /** As IAM names it: `elasticloadbalancing:ModifyListener`. */
  action: string;
  /** ARN or name of what it is about; `*` where IAM knows no narrower resource. */
  resource: string;
}

/** Names of errors are those of the services' API references, which know no common list. */
const CREDENTIALS = new Set([
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
]);
const FORBIDDEN = /^(AccessDenied|UnauthorizedOperation|NotAuthorized|AuthorizationError)/;
const THROTTLED =
  /Throttl|TooManyRequests|TooManyInvalidationsInProgress|RequestLimitExceeded|SlowDown|PriorRequestNotComplete/;
const NOT_FOUND = /NotFound|^NoSuch|DoesNotExist|ServiceNotActive/;
const CONFLICT = /^(ResourceInUse|OperationInProgress|ScalingActivityInProgress|UpdateInProgress|PreconditionFailed)/;

/**
 * Always a CutoverError; what was aborted is the caller's to tell. It has no cause: people are told the innermost error, and the
 * SDK's says less, and holds what was sent.
 */
export function errorOfAws(error: unknown, asked: Asked): CutoverError {
  if (error instanceof CutoverError) return error;
  const { name, message, status } = described(error);
  const code = codeOf(name, message, status);
  const details: Record<string, unknown> = { error: name, ...asked, ...(status === null ? {} : { status }) };
  const told = `${asked.action} on ${asked.resource}: ${name}`;
  // A refused signature is answered with what was signed, a session token among it.
  if (code === 'CUTOVER_AWS_CREDENTIALS') return new CutoverError(code, told, { details });
  if (code !== 'CUTOVER_AWS_FORBIDDEN') return new CutoverError(code, `${told}: ${message}`, { details });
  const statement = { Effect: 'Allow', Action: asked.action, Resource: asked.resource };
  const allowing = `${told}: ${message}; this statement would allow it: ${JSON.stringify(statement)}`;
  return new CutoverError(code, allowing, { details: { ...details, statement } });
}

function codeOf(name: string, message: string, status: number | null): ErrorCode {
  if (CREDENTIALS.has(name)) return 'CUTOVER_AWS_CREDENTIALS';
  if (/region is missing/i.test(message)) return 'CUTOVER_AWS_CONFIG';
  if (status === 429 || THROTTLED.test(name)) return 'CUTOVER_AWS_THROTTLED';
  if (status === null) return 'CUTOVER_AWS_UNREACHABLE';
  if (status >= 500) return 'CUTOVER_AWS_UNWELL';
  if (FORBIDDEN.test(name)) return 'CUTOVER_AWS_FORBIDDEN';
  if (NOT_FOUND.test(name)) return 'CUTOVER_AWS_NOT_FOUND';
  if (CONFLICT.test(name)) return 'CUTOVER_AWS_CONFLICT';
  return 'CUTOVER_AWS_REFUSED';
}

function described(error: unknown): { name: string; message: string; status: number | null } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), status: null };
  const { $metadata: metadata, messages, Messages } = error as Error & SdkFields;
  // Route 53 has a form of its own for a batch that it refuses, with a list in place of the message.
  const listed = messages ?? Messages;
  const message = listed === undefined ? error.message : `${error.message} ${JSON.stringify(listed)}`;
  return { name: error.name, message, status: metadata?.httpStatusCode ?? null };
}

interface SdkFields {
  $metadata?: { httpStatusCode?: number };
  messages?: unknown;
  Messages?: unknown;
}
