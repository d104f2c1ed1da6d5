/**
 * What Auto Scaling and EC2 do and moto does not: instances that take a while to start and keep the version of the template
 * which they were launched with, instance refreshes, and template versions that begin as a copy of another.
 */
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateVersionCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import type { ProxiedAnswer } from '../intercepting-proxy.ts';
import type { AwsCall } from './fault-proxy.ts';
import type { AwsStage } from './stage.ts';

export interface AsgRunnerOptions {
  /** From an instance's launch until it is in service. */
  startMs?: number;
}

export interface AsgRunner {
  /** Versions of a launch template whose instances are never in service → the state that they stay in. */
  stuck: Map<string, string>;
  /** Groups that launch nothing any more → why. */
  exhausted: Map<string, string>;
}

const GROUPS = /<member><AutoScalingGroupName>[\s\S]*?<\/CapacityRebalance><\/member>/g;
const INSTANCES = /<member><InstanceId>[\s\S]*?<\/ProtectedFromScaleIn><\/member>/g;
const TEMPLATE_VERSION = /(<LaunchTemplate>(?:(?!<\/LaunchTemplate>)[\s\S])*?<Version>)([^<]*)/;

/** Ends with the stage. */
export function startAsgRunner({ proxy, direct }: AwsStage, { startMs = 0 }: AsgRunnerOptions = {}): AsgRunner {
  const autoscaling = new AutoScalingClient(direct);
  const ec2 = new EC2Client(direct);
  const launched = new Map<string, { version: string; atMs: number }>();
  const stuck = new Map<string, string>();
  const exhausted = new Map<string, string>();

  function asLaunched(instance: string, version: string): string {
    const id = /<InstanceId>([^<]*)/.exec(instance)?.[1] ?? '';
    const own = launched.get(id) ?? { version, atMs: performance.now() };
    launched.set(id, own);
    const state = stuck.get(own.version) ?? (performance.now() - own.atMs < startMs ? 'Pending' : null);
    const told = instance.replace(TEMPLATE_VERSION, `$1${own.version}`);
    return state === null ? told : told.replace('<LifecycleState>InService', `<LifecycleState>${state}`);
  }

  function describe(answer: ProxiedAnswer): ProxiedAnswer {
    const body = answer.body.replace(GROUPS, (group) => {
      const version = TEMPLATE_VERSION.exec(group)?.[2] ?? '1';
      const name = /<AutoScalingGroupName>([^<]*)/.exec(group)?.[1] ?? '';
      return group.replace(INSTANCES, (instance) => (exhausted.has(name) ? '' : asLaunched(instance, version)));
    });
    return { ...answer, body };
  }

  async function refresh(call: AwsCall): Promise<ProxiedAnswer> {
    const AutoScalingGroupNames = [parameter(call, 'AutoScalingGroupName')];
    const { AutoScalingGroups = [] } = await autoscaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames }),
    );
    for (const { InstanceId } of AutoScalingGroups[0]?.Instances ?? []) {
      await autoscaling.send(
        new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: false }),
      );
    }
    return answered('StartInstanceRefresh', '<InstanceRefreshId>refresh</InstanceRefreshId>');
  }

  async function copyTemplate(call: AwsCall): Promise<ProxiedAnswer> {
    const LaunchTemplateId = parameter(call, 'LaunchTemplateId');
    const { LaunchTemplateVersions = [] } = await ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [parameter(call, 'SourceVersion')] }),
    );
    const { LaunchTemplateVersion } = await ec2.send(
      new CreateLaunchTemplateVersionCommand({
        LaunchTemplateId,
        VersionDescription: parameter(call, 'VersionDescription'),
        LaunchTemplateData: {
          ...(LaunchTemplateVersions[0]?.LaunchTemplateData as object),
          ImageId: parameter(call, 'LaunchTemplateData.ImageId'),
        },
      }),
    );
    const made = `<versionNumber>${LaunchTemplateVersion?.VersionNumber}</versionNumber>`;
    const body = `<CreateLaunchTemplateVersionResponse><launchTemplateVersion>${made}</launchTemplateVersion></CreateLaunchTemplateVersionResponse>`;
    return { status: 200, headers: { 'content-type': 'text/xml' }, body };
  }

  async function activities(pass: () => Promise<ProxiedAnswer>, call: AwsCall): Promise<ProxiedAnswer> {
    const reason = exhausted.get(parameter(call, 'AutoScalingGroupName'));
    if (reason === undefined) return pass();
    const activity = `<member><StatusCode>Failed</StatusCode><StatusMessage>${reason}</StatusMessage></member>`;
    return answered('DescribeScalingActivities', `<Activities>${activity}</Activities>`);
  }

  proxy.layer(async (pass, call) => {
    switch (call.action) {
      case 'DescribeAutoScalingGroups':
        return describe(await pass());
      case 'StartInstanceRefresh':
        return refresh(call);
      case 'CreateLaunchTemplateVersion':
        return copyTemplate(call);
      case 'DescribeScalingActivities':
        return activities(pass, call);
      default:
        return pass();
    }
  });
  return { stuck, exhausted };
}

function parameter({ body }: AwsCall, name: string): string {
  return new URLSearchParams(body).get(name) ?? '';
}

function answered(action: string, result: string): ProxiedAnswer {
  const body = `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}
