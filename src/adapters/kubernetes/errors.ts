/** What a Kubernetes API server answers when it does not do what was asked. */
import type { V1Status } from '@kubernetes/client-node';
import { CutoverError, type ErrorCode } from '../../errors.ts';

interface Asked {
  method: string;
  path: string;
}

interface Answer extends Asked {
  status: number;
  headers: Record<string, string>;
  text: string;
}

const CODES: Record<number, ErrorCode> = {
  401: 'CUTOVER_KUBERNETES_UNAUTHORIZED',
  403: 'CUTOVER_KUBERNETES_FORBIDDEN',
  404: 'CUTOVER_KUBERNETES_NOT_FOUND',
  409: 'CUTOVER_KUBERNETES_CONFLICT',
  422: 'CUTOVER_KUBERNETES_REFUSED',
  429: 'CUTOVER_KUBERNETES_THROTTLED',
};

export function errorOfAnswer(answer: Answer): CutoverError {
  const { status, headers, method, path } = answer;
  const told = statusOf(answer.text);
  const message = told?.message ?? `${method} ${path} was answered with ${status}`;
  const code = codeOf(status, told);
  const details: Record<string, unknown> = { status };
  if (code === 'CUTOVER_KUBERNETES_FORBIDDEN') details.rule = ruleFor(answer);
  const retryAfter = Number(headers['retry-after']);
  if (headers['retry-after'] !== undefined && retryAfter >= 0) details.retry_after_ms = retryAfter * 1_000;
  const rule = details.rule === undefined ? '' : `; this rule would allow it: ${JSON.stringify(details.rule)}`;
  return new CutoverError(code, `${message}${rule}`, { details });
}

/** An admission webhook refuses with 403, too, and so does a quota; RBAC is the one that says "cannot". */
function codeOf(status: number, told: V1Status | null): ErrorCode {
  if (status === 403 && told?.message !== undefined && !/ cannot \w+ resource /.test(told.message)) {
    return 'CUTOVER_KUBERNETES_REFUSED';
  }
  if (status === 400) return 'CUTOVER_KUBERNETES_REFUSED';
  return CODES[status] ?? 'CUTOVER_KUBERNETES_UNWELL';
}

/** What is told of a server that forbids, and does not say that it is ready: it is asked again, as one that is not well. */
export function perhapsForbidden({ message, details, cause }: CutoverError): CutoverError {
  const told = `${message}; the API server does not say that it is ready, and may not know the roles yet`;
  return new CutoverError('CUTOVER_KUBERNETES_UNWELL', told, { details, cause });
}

export function unreachable(code: ErrorCode, server: string, { method, path }: Asked, cause: unknown): CutoverError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CutoverError(code, `${method} ${server}${path}: ${reason}`, { cause });
}

function statusOf(text: string): V1Status | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status'
      ? (value as V1Status)
      : null;
  } catch {
    return null;
  }
}

const VERBS: Record<string, string> = { POST: 'create', PATCH: 'patch', PUT: 'update', DELETE: 'delete' };

/** The rule of a Role (RBAC) that would allow the request. */
export function ruleFor({ method, path }: Asked): { apiGroups: string[]; resources: string[]; verbs: string[] } {
  const [plain = ''] = path.split('?');
  const parts = plain.split('/').filter((part) => part !== '');
  const group = parts[0] === 'apis' ? (parts[1] ?? '') : '';
  const rest = parts.slice(parts[0] === 'apis' ? 3 : 2);
  const [resource = '', name, ...sub] = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  const verb = VERBS[method] ?? (name === undefined ? 'list' : 'get');
  return { apiGroups: [group], resources: [[resource, ...sub].join('/')], verbs: [verb] };
}
