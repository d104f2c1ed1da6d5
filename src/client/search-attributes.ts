/** The search attributes of a deployment, read and written with their type. */
import { defineSearchAttributeKey, SearchAttributeType, type TypedSearchAttributes } from '@temporalio/common';
import type { DeployPhase, Outcome } from '../workflows/api.ts';

export const DEPLOY_SERVICE = defineSearchAttributeKey('DeployService', SearchAttributeType.KEYWORD);
export const DEPLOY_ENVIRONMENT = defineSearchAttributeKey('DeployEnvironment', SearchAttributeType.KEYWORD);
export const DEPLOY_PHASE = defineSearchAttributeKey('DeployPhase', SearchAttributeType.KEYWORD);
export const DEPLOY_OUTCOME = defineSearchAttributeKey('DeployOutcome', SearchAttributeType.KEYWORD);

export interface Attributes {
  service: string | null;
  environment: string | null;
  phase: DeployPhase | null;
  outcome: Outcome | null;
}

/** Written by the client and the workflow alone, so phase and outcome are taken at their word. */
export function readAttributes(attributes: TypedSearchAttributes): Attributes {
  return {
    service: attributes.get(DEPLOY_SERVICE) ?? null,
    environment: attributes.get(DEPLOY_ENVIRONMENT) ?? null,
    phase: (attributes.get(DEPLOY_PHASE) ?? null) as DeployPhase | null,
    outcome: (attributes.get(DEPLOY_OUTCOME) ?? null) as Outcome | null,
  };
}
