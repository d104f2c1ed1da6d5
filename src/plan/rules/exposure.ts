/** What a phase exposes the candidate to beside its share: only what the router can do, and what means something. */

import type { ErrorCode } from '../../errors.ts';
import { findDescriptor } from '../adapters.ts';
import { type Finding, PLANNED_PHASES, phasePath } from '../finding.ts';
import type { Exposure, Plan } from '../types.ts';

interface Exposed {
  expose: Exposure;
  share: number;
  path: readonly string[];
}

/** They say how a request is carried, or are spoken for already. */
const TAKEN = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
].concat(['upgrade', 'x-cutover-colour', 'x-cutover-served-by']);

export function checkExposure(plan: Plan): Finding[] {
  return exposedPhases(plan).flatMap((exposed) => [...checkHeader(plan, exposed), ...checkMirror(plan, exposed)]);
}

function exposedPhases({ phases }: Plan): Exposed[] {
  return PLANNED_PHASES.flatMap((name) => {
    const phase = phases[name];
    if (phase?.expose === undefined) return [];
    return [{ expose: phase.expose, share: phase.traffic_percentage, path: phasePath(name) }];
  });
}

function checkHeader(plan: Plan, { expose: { header }, path }: Exposed): Finding[] {
  if (header === null) return [];
  const at = [...path, 'header'];
  const taken = TAKEN.includes(header.name.toLowerCase())
    ? [
        finding(
          'CUTOVER_PLAN_VALUE',
          [...at, header.name],
          `\`${header.name}\` cannot choose where a request goes: it has a meaning of its own.`,
          'Take a header of your own, such as X-Cutover.',
        ),
      ]
    : [];
  if (findDescriptor('router', plan.router.kind)?.header_routing !== false) return taken;
  return [...taken, unsupported(plan, at, 'cannot send requests with a header to the candidate')];
}

function checkMirror(plan: Plan, { expose: { mirror_percent: percent }, share, path }: Exposed): Finding[] {
  if (percent === null) return [];
  const at = [...path, 'mirror_percentage'];
  const found: Finding[] = [];
  if (findDescriptor('router', plan.router.kind)?.mirroring === false) {
    found.push(unsupported(plan, at, 'cannot send copies of requests to the candidate'));
  }
  if (share > 0) {
    const message = `At ${share} % the candidate has requests of its own, and would get copies of those, too.`;
    found.push(finding('CUTOVER_PLAN_SHARES', at, message, 'Mirror in a phase with `traffic_percentage: 0`.'));
  }
  const { validation_percent: size } = plan.capacity;
  if (size < percent) {
    const message = `The standby colour has ${size} % of the size and is to take copies of ${percent} % of the requests.`;
    found.push(finding('CUTOVER_PLAN_SHARES', at, message, `Write ${size} or less, or raise \`capacity.validation\`.`));
  }
  return found;
}

function unsupported({ router }: Plan, at: Finding['path'], what: string): Finding {
  const hint = 'Leave it out, or use a router that can, such as gateway_api.';
  return finding('CUTOVER_PLAN_ROUTER', at, `\`${router.kind}\` ${what}.`, hint);
}

function finding(code: ErrorCode, path: Finding['path'], message: string, hint: string): Finding {
  return { code, path, message, hint };
}
