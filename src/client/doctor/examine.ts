/** Every check, in the order in which a person would look. */
import type { Plan } from '../../plan/types.ts';
import { type ConnectOptions, loadTemporalConfig } from '../config.ts';
import { reportOf } from '../output.ts';
import { openSession, type Session } from '../session.ts';
import { type Check, failed, skipped } from './check.ts';
import { checkLocalProgram, checkNode, checkTemporalCli } from './machine.ts';
import { checkPlan } from './plan.ts';
import { checkPollers } from './pollers.ts';
import { checkRuns } from './runs.ts';
import { checkNamespace, checkPermissions, checkSearchAttributes, checkServer } from './server.ts';

export interface Examination {
  checks: Check[];
  /** Whether Temporal answered. */
  reachable: boolean;
}

export interface ExamineOptions {
  /** Null: no plan was given. */
  plan: Plan | null;
  localUrl: string;
  /** Whether somebody named the local program's address. */
  isLocalNamed: boolean;
  connect?: ConnectOptions;
}

/** Throws nothing: what cannot be looked at is a check that says so. CUTOVER_USAGE for a configuration that cannot be read. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const { plan, localUrl } = options;
  const [cli, temporal, local, planned] = await Promise.all([
    checkTemporalCli(),
    checkTemporal(options.connect),
    options.isLocalNamed ? checkLocalProgram(localUrl) : null,
    plan === null ? [] : checkPlan(plan, localUrl),
  ]);
  const checks = [checkNode(), cli, ...temporal.checks, ...(local === null ? [] : [local]), ...planned];
  return { checks, reachable: temporal.reachable };
}

async function checkTemporal(connect: ConnectOptions = {}): Promise<Examination> {
  const { connection } = await loadTemporalConfig(connect);
  let session: Session;
  try {
    session = await openSession(connect);
  } catch (error) {
    const { message, hint } = reportOf(error);
    const rest = ['namespace', 'search attributes', 'permissions', 'task queues', 'open runs'];
    const checks = [
      failed('Temporal', message, hint),
      ...rest.map((name) => skipped(name, 'Temporal does not answer')),
    ];
    return { checks, reachable: false };
  }
  try {
    const isTls = connection.tls !== undefined && connection.tls !== null && connection.tls !== false;
    return { checks: await checkSession(session, isTls), reachable: true };
  } finally {
    await session.connection.close();
  }
}

async function checkSession(session: Session, isTls: boolean): Promise<Check[]> {
  const server = await checkServer(session, isTls);
  const namespace = await checkNamespace(session);
  if (namespace.state !== 'ok') {
    const rest = ['search attributes', 'permissions', 'task queues', 'open runs'];
    return [server, namespace, ...rest.map((name) => skipped(name, 'they need the namespace'))];
  }
  const [attributes, permissions, { checks: pollers, workflowPollers }] = await Promise.all([
    checkSearchAttributes(session),
    checkPermissions(session),
    checkPollers(session),
  ]);
  const runs = await checkRuns(session, workflowPollers);
  return [server, namespace, attributes, ...permissions, ...pollers, ...runs];
}
