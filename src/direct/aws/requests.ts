/**
 * Every action that each AWS adapter takes, as IAM knows it. deploy/aws/policies has the same ones, which tests compare with
 * what is really sent. Pure.
 */

export interface AwsAction {
  /** As a policy names it: `ecs:UpdateService`. */
  action: string;
  on: ResourceKind;
  /** What comes of a deployment without it; absent: it fails. */
  otherwise?: string;
  /** Only with `require_parity`; else the colours are not compared. */
  parity?: true;
}

/** What an action is about; `any`: IAM knows no narrower resource. */
export type ResourceKind =
  | 'any'
  | 'the tasks of a cluster'
  | 'services'
  | 'tasks'
  | 'task definitions'
  | 'tags of task definitions'
  | 'tags of services'
  | 'roles of tasks'
  | 'scalable targets'
  | 'launch templates'
  | 'instances of launch templates'
  | 'roles of instances'
  | 'groups'
  | 'listeners'
  | 'rules'
  | 'listeners and rules'
  | 'zones'
  | 'records'
  | 'changes'
  | 'health checks'
  | 'distributions'
  | 'images'
  | 'snapshots';

export type AwsAdapter = 'ecs' | 'asg' | 'alb' | 'route53' | 'cloudwatch' | 'cloudfront' | 'clean';

const NO_AUTOSCALING = 'a deployment fails whose services are scaled automatically';
const NO_TAGS = 'a deployment fails whose task definitions have tags';
const NO_REASONS = 'it is not told why there are too few instances';
const NO_ADDRESSES = 'checks cannot go past the load balancer';
const NO_ZONES = 'a deployment fails whose targets are instances';
const NO_DOUBTS = '`cutover doctor` cannot tell of deregistration delays';
const NO_HEALTH_CHECKS = 'a deployment fails whose records have health checks';
const ONLY_SNAPSHOTS = '`cutover clean --snapshots` fails';

export const AWS_ACTIONS: Readonly<Record<AwsAdapter, readonly AwsAction[]>> = {
  ecs: [
    { action: 'ecs:DescribeServices', on: 'services' },
    { action: 'ecs:ListTasks', on: 'the tasks of a cluster' },
    { action: 'ecs:DescribeTasks', on: 'tasks' },
    { action: 'ecs:DescribeTaskDefinition', on: 'any' },
    { action: 'ecs:RegisterTaskDefinition', on: 'task definitions' },
    { action: 'ecs:TagResource', on: 'tags of task definitions', otherwise: NO_TAGS },
    { action: 'iam:PassRole', on: 'roles of tasks' },
    { action: 'ecs:UpdateService', on: 'services' },
    { action: 'application-autoscaling:DescribeScalableTargets', on: 'any' },
    { action: 'application-autoscaling:DescribeScalingPolicies', on: 'any', parity: true },
    {
      action: 'application-autoscaling:RegisterScalableTarget',
      on: 'scalable targets',
      otherwise: NO_AUTOSCALING,
    },
    { action: 'ecs:TagResource', on: 'tags of services', otherwise: NO_AUTOSCALING },
    { action: 'ecs:UntagResource', on: 'tags of services', otherwise: NO_AUTOSCALING },
  ],
  asg: [
    { action: 'autoscaling:DescribeAutoScalingGroups', on: 'any' },
    { action: 'autoscaling:DescribeScalingActivities', on: 'any', otherwise: NO_REASONS },
    { action: 'autoscaling:DescribeLifecycleHooks', on: 'any', parity: true },
    { action: 'autoscaling:DescribePolicies', on: 'any', parity: true },
    { action: 'ec2:DescribeImages', on: 'any' },
    { action: 'ec2:DescribeInstances', on: 'any', otherwise: NO_ADDRESSES },
    { action: 'ec2:DescribeLaunchTemplateVersions', on: 'any' },
    { action: 'elasticloadbalancing:DescribeTargetHealth', on: 'any' },
    { action: 'ec2:CreateLaunchTemplateVersion', on: 'launch templates' },
    { action: 'ec2:RunInstances', on: 'instances of launch templates' },
    { action: 'iam:PassRole', on: 'roles of instances' },
    { action: 'autoscaling:UpdateAutoScalingGroup', on: 'groups' },
    { action: 'autoscaling:StartInstanceRefresh', on: 'groups' },
    { action: 'autoscaling:SetInstanceProtection', on: 'groups' },
    { action: 'autoscaling:CreateOrUpdateTags', on: 'groups' },
    { action: 'autoscaling:DeleteTags', on: 'groups' },
  ],
  alb: [
    { action: 'elasticloadbalancing:DescribeListeners', on: 'any' },
    { action: 'elasticloadbalancing:DescribeRules', on: 'any' },
    { action: 'elasticloadbalancing:DescribeTags', on: 'any' },
    { action: 'elasticloadbalancing:DescribeLoadBalancers', on: 'any' },
    { action: 'elasticloadbalancing:DescribeTargetHealth', on: 'any' },
    { action: 'elasticloadbalancing:DescribeTargetGroupAttributes', on: 'any', otherwise: NO_DOUBTS },
    { action: 'ec2:DescribeInstances', on: 'any', otherwise: NO_ZONES },
    { action: 'elasticloadbalancing:ModifyListener', on: 'listeners' },
    { action: 'elasticloadbalancing:ModifyRule', on: 'rules' },
    { action: 'elasticloadbalancing:AddTags', on: 'listeners and rules' },
  ],
  route53: [
    { action: 'route53:GetHostedZone', on: 'zones' },
    { action: 'route53:ListResourceRecordSets', on: 'zones' },
    { action: 'route53:ChangeResourceRecordSets', on: 'records' },
    { action: 'route53:GetChange', on: 'changes' },
    { action: 'route53:GetHealthCheck', on: 'health checks', otherwise: NO_HEALTH_CHECKS },
    { action: 'route53:GetHealthCheckStatus', on: 'health checks', otherwise: NO_HEALTH_CHECKS },
  ],
  cloudwatch: [{ action: 'cloudwatch:GetMetricData', on: 'any' }],
  cloudfront: [
    { action: 'cloudfront:CreateInvalidation', on: 'distributions' },
    { action: 'cloudfront:GetInvalidation', on: 'distributions' },
  ],
  clean: [
    { action: 'ecs:DescribeServices', on: 'services' },
    { action: 'ecs:ListTaskDefinitions', on: 'any' },
    { action: 'ecs:DescribeTaskDefinition', on: 'any' },
    { action: 'ecs:DeregisterTaskDefinition', on: 'any' },
    { action: 'autoscaling:DescribeAutoScalingGroups', on: 'any' },
    { action: 'ec2:DescribeLaunchTemplateVersions', on: 'any' },
    { action: 'ec2:DeleteLaunchTemplateVersions', on: 'launch templates' },
    { action: 'ec2:DescribeImages', on: 'any' },
    { action: 'ec2:DeregisterImage', on: 'images' },
    { action: 'ec2:DeleteSnapshot', on: 'snapshots', otherwise: ONLY_SNAPSHOTS },
  ],
};
