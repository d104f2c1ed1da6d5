import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWorkflowId, resolveDeploymentId, shortId } from '../../../src/client/deployment-id.ts';
import { visibilityQuery } from '../../../src/client/list.ts';
import { deploymentWorkflowId } from '../../../src/workflows/api.ts';

describe('the name of a deployment', () => {
  it.each([
    ['checkout', undefined, 'cutover/production/checkout'],
    ['checkout', 'staging', 'cutover/staging/checkout'],
    ['checkout@eu-west-1', undefined, 'cutover/production/checkout@eu-west-1'],
    ['staging/checkout', 'production', 'cutover/staging/checkout'],
    ['cutover/staging/checkout', undefined, 'cutover/staging/checkout'],
  ])('%s with environment %s is %s', (text, environment, expected) => {
    expect(resolveDeploymentId(text, environment)).toBe(expected);
  });

  it.each([
    '',
    '/',
    'a/b/c',
    'cutover/a/b/c',
    'cutover/checkout/',
    "a' OR '1",
    'a b',
    'a@',
    '@a',
    'a@b@c',
    '../x',
    '-x',
  ])('refuses %j', (text) => {
    expect(() => resolveDeploymentId(text)).toThrow(/names no deployment/);
  });

  it('is read back from every workflow ID that a plan can have', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
    fc.assert(
      fc.property(label, label, fc.option(label), (service, environment, target) => {
        const id = deploymentWorkflowId({ service, environment, target });
        expect(resolveDeploymentId(id)).toBe(id);
        expect(resolveDeploymentId(shortId(id), 'other')).toBe(id);
        expect(parseWorkflowId(id)).toEqual({ service, environment, target });
      }),
    );
  });

  it('is no other workflow’s', () => {
    expect(parseWorkflowId('order-17')).toBeNull();
  });
});

describe('the query of a list', () => {
  it('names what is asked for', () => {
    expect(visibilityQuery({ service: 'checkout', environment: 'staging', running: true })).toBe(
      "WorkflowType IN ('deployment', 'deployment_lease') AND DeployService IS NOT NULL AND DeployService = 'checkout' AND DeployEnvironment = 'staging' AND ExecutionStatus = 'Running'",
    );
  });

  it('names one service, environment and target by their workflow ID', () => {
    expect(visibilityQuery({ workflowId: 'cutover/production/checkout@eu' })).toContain(
      " AND WorkflowId = 'cutover/production/checkout@eu'",
    );
    for (const workflowId of ["cutover/production/x' OR 'a", 'order-17', 'cutover/a b/c']) {
      expect(() => visibilityQuery({ workflowId })).toThrow(/no name|no deployment's workflow ID/);
    }
  });

  it('takes nothing that could be more than a name', () => {
    expect(() => visibilityQuery({ service: "x' OR ''='" })).toThrow(/no name/);
  });
});
