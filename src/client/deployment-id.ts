/** The ways to name a deployment on a command line. */
import { CutoverError } from '../errors.ts';

export const DEFAULT_ENVIRONMENT = 'production';

const PREFIX = 'cutover/';
/** One path segment: what a plan allows as service, environment or target, and nothing that needs escaping. */
const SEGMENT = /^[A-Za-z0-9][\w.-]*$/;

/**
 * `checkout`, `checkout@eu-west-1`, `production/checkout` or the whole workflow ID `cutover/production/checkout`.
 * Only the first two need `environment`. CUTOVER_USAGE for anything else.
 */
export function resolveDeploymentId(text: string, environment: string = DEFAULT_ENVIRONMENT): string {
  const short = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  const parts = short.split('/');
  const [first = '', second] = parts;
  const path = second === undefined ? [environment, first] : [first, second];
  if (parts.length > 2 || !isName(path[0] ?? '', path[1] ?? '')) {
    throw new CutoverError(
      'CUTOVER_USAGE',
      `\`${text}\` names no deployment: write SERVICE, ENVIRONMENT/SERVICE or ${PREFIX}ENVIRONMENT/SERVICE.`,
    );
  }
  return `${PREFIX}${path.join('/')}`;
}

/** `production/checkout`, the form that is typed back without options. */
export function shortId(workflowId: string): string {
  return workflowId.startsWith(PREFIX) ? workflowId.slice(PREFIX.length) : workflowId;
}

/** Service, environment and target as the workflow ID tells them; null: it is not a deployment's. */
export function parseWorkflowId(
  workflowId: string,
): { service: string; environment: string; target: string | null } | null {
  if (!workflowId.startsWith(PREFIX)) return null;
  const [environment, name, ...rest] = workflowId.slice(PREFIX.length).split('/');
  if (environment === undefined || name === undefined || rest.length > 0) return null;
  const [service = '', target] = name.split('@');
  return { service, environment, target: target ?? null };
}

function isName(environment: string, name: string): boolean {
  const [service = '', target, ...rest] = name.split('@');
  if (rest.length > 0 || !SEGMENT.test(environment) || !SEGMENT.test(service)) return false;
  return target === undefined || SEGMENT.test(target);
}
