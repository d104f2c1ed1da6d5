/** Who a plan's adapters are to AWS, where, and what they may do there. */
import type { AwsAccess, RefusedAction } from '../../direct/aws/access.ts';
import type { Plan } from '../../plan/types.ts';
import { reportOf } from '../output.ts';
import { type Check, failed, ok, warning } from './check.ts';

const IDENTITY = 'identity (aws)';
const PERMISSIONS = 'permissions (aws)';
const SIMULATE = { Effect: 'Allow', Action: ['iam:SimulatePrincipalPolicy', 'iam:GetRole'], Resource: '*' };

/** Empty: nothing of the plan is on AWS. Throws nothing. */
export async function checkAws(plan: Plan): Promise<Check[]> {
  const { askAwsAccess } = await import('../../direct/aws/access.ts');
  try {
    const access = await askAwsAccess(plan);
    return access === null ? [] : [...judgeIdentity(access), ...judgeAccess(access)];
  } catch (error) {
    const { message, hint } = reportOf(error);
    return [failed(IDENTITY, message, hint)];
  }
}

function judgeIdentity({ identity, elsewhere }: AwsAccess): Check[] {
  const { arn, account, region, regionFrom } = identity;
  const found = ok(IDENTITY, `${arn}, account ${account}, region ${region} (${regionFrom} says so)`);
  if (elsewhere.length === 0) return [found];
  const told = `account ${account} and region ${region} (${regionFrom} says so), but the load balancer is in ${elsewhere.join(' and ')}`;
  const fix =
    'Name the region of the platform in the plan, set AWS_REGION, or give the worker credentials of that account.';
  return [found, failed('place (aws)', told, fix)];
}

export function judgeAccess({ identity, requests, refused, notSimulated }: AwsAccess): Check[] {
  const judged = refused.map((one) => judgeRefused(one, identity.arn));
  if (notSimulated !== null) {
    const told = `cannot be simulated (${notSimulated}): only what reads was tried`;
    return [warning(PERMISSIONS, told, `To know of writes: ${JSON.stringify(SIMULATE)}`), ...judged];
  }
  return judged.length > 0 ? judged : [ok(PERMISSIONS, `all ${requests} actions that are needed, as ${identity.arn}`)];
}

function judgeRefused({ action, otherwise, doubt, statement }: RefusedAction, arn: string): Check {
  const name = `may ${action}`;
  const detail = `${arn} may not, on ${[statement.Resource].flat().join(', ')}`;
  const fix = `Add the statement to the policy of the worker's role: ${JSON.stringify(statement)}`;
  if (doubt !== null) return warning(name, `${detail}: ${doubt}`, fix);
  return otherwise === null ? failed(name, detail, fix) : warning(name, `${detail}: ${otherwise}`, fix);
}
