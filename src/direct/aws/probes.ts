/** Every action of a plan's adapters that only reads, tried for real: an answer of any kind came from behind the permission. */
import type { Asked } from '../../adapters/aws/errors.ts';
import { someAtOnce } from '../../adapters/aws/paging.ts';
import { CutoverError } from '../../errors.ts';
import type { Plan } from '../../plan/types.ts';
import type { Probe } from './probe.ts';
import { asgProbes, ecsProbes } from './probes-of-platforms.ts';
import { albProbes, cloudwatchProbe, route53Probes } from './probes-of-routers.ts';
import type { AwsAdapter } from './requests.ts';
import { adaptersOf } from './resources.ts';

const AT_ONCE = 4;

const PROBES: Readonly<Record<AwsAdapter, (plan: Plan, region: string) => Probe[]>> = {
  ecs: ecsProbes,
  asg: asgProbes,
  alb: albProbes,
  route53: route53Probes,
  cloudwatch: (_, region) => [cloudwatchProbe(region)],
  cloudfront: () => [],
  clean: () => [],
};

/** What was refused, each action once. Errors of AwsService of any other kind than a missing permission are not told here. */
export async function probeReads(plan: Plan, region: string, signal: AbortSignal): Promise<Asked[]> {
  const probes = adaptersOf(plan).flatMap((adapter) => PROBES[adapter](plan, region));
  const refused = await someAtOnce(probes, AT_ONCE, (probe) => refusedBy(probe, signal));
  const asked = refused.filter((one) => one !== null);
  return asked.filter((one, at) => asked.findIndex(({ action }) => action === one.action) === at);
}

async function refusedBy(probe: Probe, signal: AbortSignal): Promise<Asked | null> {
  try {
    await probe(signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CutoverError) || error.code !== 'CUTOVER_AWS_FORBIDDEN') return null;
    return { action: String(error.details.action), resource: String(error.details.resource) };
  }
  return null;
}
