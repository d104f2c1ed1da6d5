/** Health checks of record sets, as Route 53 judges them. */
import { CutoverError } from '../../../errors.ts';
import type { Colour } from '../../../plan/types.ts';
import { type Group, setsOf } from './record-sets.ts';
import type { Route53Api } from './zone-api.ts';
import type { ZoneState } from './zone-state.ts';

/** An endpoint is healthy while more of its checkers than these say so. */
const HEALTHY_ABOVE_PERCENT = 18;
const COLOURS: readonly Colour[] = ['blue', 'green'];

/**
 * Throws CUTOVER_CAPACITY_SHORT when a record set that is to weigh more has a health check that fails. A check of which no
 * checker has reported (calculated ones, those of an alarm, a new one) says nothing against it.
 */
export async function refuseUnhealthy(
  api: Route53Api,
  from: readonly ZoneState[],
  to: readonly ZoneState[],
  signal: AbortSignal,
): Promise<void> {
  const risen = from.flatMap(({ groups }, zone) =>
    groups.flatMap((group, index) => risenChecks(group, to[zone]?.groups[index])),
  );
  const ids = [...new Set(risen.map(({ id }) => id))];
  const failing = await Promise.all(ids.map((id) => whyFailing(api, id, signal)));
  for (const [index, why] of failing.entries()) {
    const found = risen.find(({ id }) => id === ids[index]);
    if (why === null || found === undefined) continue;
    const { colour, key, id } = found;
    throw new CutoverError(
      'CUTOVER_CAPACITY_SHORT',
      `${key} is not weighted up for ${colour}: its health check ${id} fails: ${why}`,
    );
  }
}

function risenChecks(from: Group, to: Group | undefined): { id: string; key: string; colour: Colour }[] {
  if (to === undefined) return [];
  return COLOURS.flatMap((colour) =>
    to.sets[colour].flatMap(({ Weight = 0, HealthCheckId: id }, index) => {
      const before = from.sets[colour][index]?.Weight ?? 0;
      const wasAlone = setsOf(from).every((set) => set.Weight === 0);
      return id !== undefined && Weight > 0 && (wasAlone || share(to, Weight) > share(from, before))
        ? [{ id, key: to.key, colour }]
        : [];
    }),
  );
}

function share(group: Group, weight: number): number {
  const total = setsOf(group).reduce((sum, { Weight = 0 }) => sum + Weight, 0);
  return total === 0 ? 0 : weight / total;
}

async function whyFailing(api: Route53Api, id: string, signal: AbortSignal): Promise<string | null> {
  const arn = `arn:aws:route53:::healthcheck/${id}`;
  const [{ HealthCheck }, { HealthCheckObservations = [] }] = await Promise.all([
    api.health.write('GetHealthCheck', arn, signal, ({ sdk, client }, options) =>
      client.send(new sdk.GetHealthCheckCommand({ HealthCheckId: id }), options),
    ),
    api.health.write('GetHealthCheckStatus', arn, signal, ({ sdk, client }, options) =>
      client.send(new sdk.GetHealthCheckStatusCommand({ HealthCheckId: id }), options),
    ),
  ]);
  const { Disabled: isDisabled = false, Inverted: isInverted = false } = HealthCheck?.HealthCheckConfig ?? {};
  const reports = HealthCheckObservations.map(({ StatusReport }) => StatusReport?.Status ?? '');
  if (reports.length === 0 && !isDisabled) return null;
  const well = reports.filter((status) => status.startsWith('Success')).length;
  const isWell = isDisabled || (100 * well) / reports.length > HEALTHY_ABOVE_PERCENT;
  if (isWell !== isInverted) return null;
  const [bad = 'it is inverted'] = reports.filter((status) => status.startsWith('Success') === isInverted);
  return `${well} of ${reports.length} checkers report success; ${bad}`;
}
