/** A service of two Auto Scaling groups: a launch template for each, and AMIs named after versions. */
import { AutoScalingClient, CreateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { CreateImageCommand, CreateLaunchTemplateCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import type { Colour } from '../../../src/plan/types.ts';
import { type AwsStage, REGION } from './stage.ts';

export interface AsgShop {
  groups: Record<Colour, string>;
  templates: Record<Colour, string>;
}

export interface AsgShopOptions {
  /** Instances, and the lower bound, of each colour. */
  size?: Partial<Record<Colour, number>>;
  targetGroups?: Partial<Record<Colour, string>>;
  /** More of the launch templates. (moto takes user data in their first versions only.) */
  templates?: Partial<Record<Colour, object>>;
}

/** Above the limit of scale that any test asks for. */
const MAX = 10;
let count = 0;

/** An AMI `checkout-VERSION`. */
export async function makeImage({ direct }: AwsStage, version: string): Promise<string> {
  const ec2 = new EC2Client(direct);
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({ ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' }),
  );
  const { ImageId = '' } = await ec2.send(
    new CreateImageCommand({ InstanceId: Instances[0]?.InstanceId, Name: `checkout-${version}` }),
  );
  return ImageId;
}

/** `image` null: nothing was ever deployed to it. */
export async function openAsgShop(
  { direct }: AwsStage,
  image: string | null,
  { size = {}, targetGroups = {}, templates: more = {} }: AsgShopOptions = {},
): Promise<AsgShop> {
  count += 1;
  const ec2 = new EC2Client(direct);
  const autoscaling = new AutoScalingClient(direct);
  const groups = { blue: `checkout-${count}-blue`, green: `checkout-${count}-green` };
  const templates = { blue: '', green: '' };
  for (const colour of ['blue', 'green'] as const) {
    const { LaunchTemplate } = await ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: groups[colour],
        LaunchTemplateData: {
          InstanceType: 't3.micro',
          ...(image === null ? {} : { ImageId: image }),
          ...more[colour],
        },
      }),
    );
    templates[colour] = LaunchTemplate?.LaunchTemplateId ?? '';
    const wanted = size[colour] ?? 0;
    const arn = targetGroups[colour];
    await autoscaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: groups[colour],
        MinSize: wanted,
        MaxSize: MAX,
        DesiredCapacity: wanted,
        AvailabilityZones: [`${REGION}a`],
        LaunchTemplate: { LaunchTemplateId: templates[colour], Version: '1' },
        ...(arn === undefined ? {} : { TargetGroupARNs: [arn] }),
      }),
    );
  }
  return { groups, templates };
}
