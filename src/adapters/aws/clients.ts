/**
 * The AWS clients of this process. Credentials come from the SDK's default chain alone, and so do endpoints
 * (AWS_ENDPOINT_URL); the region is the plan's, else the chain's.
 */
import type * as ApplicationAutoScaling from '@aws-sdk/client-application-auto-scaling';
import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type * as CloudFront from '@aws-sdk/client-cloudfront';
import type * as CloudWatch from '@aws-sdk/client-cloudwatch';
import type * as Ec2 from '@aws-sdk/client-ec2';
import type * as Ecs from '@aws-sdk/client-ecs';
import type * as ElasticLoadBalancing from '@aws-sdk/client-elastic-load-balancing-v2';
import type * as Iam from '@aws-sdk/client-iam';
import type * as Route53 from '@aws-sdk/client-route-53';
import type * as Sts from '@aws-sdk/client-sts';

/** Named as IAM names them in its actions. (Written out, since to infer it takes the compiler minutes.) */
export interface AwsClients {
  'application-autoscaling': {
    sdk: typeof ApplicationAutoScaling;
    client: ApplicationAutoScaling.ApplicationAutoScalingClient;
  };
  autoscaling: { sdk: typeof AutoScaling; client: AutoScaling.AutoScalingClient };
  cloudfront: { sdk: typeof CloudFront; client: CloudFront.CloudFrontClient };
  cloudwatch: { sdk: typeof CloudWatch; client: CloudWatch.CloudWatchClient };
  ec2: { sdk: typeof Ec2; client: Ec2.EC2Client };
  ecs: { sdk: typeof Ecs; client: Ecs.ECSClient };
  elasticloadbalancing: { sdk: typeof ElasticLoadBalancing; client: ElasticLoadBalancing.ElasticLoadBalancingV2Client };
  iam: { sdk: typeof Iam; client: Iam.IAMClient };
  route53: { sdk: typeof Route53; client: Route53.Route53Client };
  sts: { sdk: typeof Sts; client: Sts.STSClient };
}

export type AwsServiceName = keyof AwsClients;
export type AwsClient<S extends AwsServiceName> = AwsClients[S];

/** Each SDK package is loaded when a plan first needs it: most commands never do. */
const LOADERS: { [S in AwsServiceName]: (config: ClientConfig) => Promise<AwsClients[S]> } = {
  async 'application-autoscaling'(config) {
    const sdk = await import('@aws-sdk/client-application-auto-scaling');
    return { sdk, client: new sdk.ApplicationAutoScalingClient(config) };
  },
  async autoscaling(config) {
    const sdk = await import('@aws-sdk/client-auto-scaling');
    return { sdk, client: new sdk.AutoScalingClient(config) };
  },
  async cloudfront(config) {
    const sdk = await import('@aws-sdk/client-cloudfront');
    return { sdk, client: new sdk.CloudFrontClient(config) };
  },
  async cloudwatch(config) {
    const sdk = await import('@aws-sdk/client-cloudwatch');
    return { sdk, client: new sdk.CloudWatchClient(config) };
  },
  async ec2(config) {
    const sdk = await import('@aws-sdk/client-ec2');
    return { sdk, client: new sdk.EC2Client(config) };
  },
  async ecs(config) {
    const sdk = await import('@aws-sdk/client-ecs');
    return { sdk, client: new sdk.ECSClient(config) };
  },
  async elasticloadbalancing(config) {
    const sdk = await import('@aws-sdk/client-elastic-load-balancing-v2');
    return { sdk, client: new sdk.ElasticLoadBalancingV2Client(config) };
  },
  async iam(config) {
    const sdk = await import('@aws-sdk/client-iam');
    return { sdk, client: new sdk.IAMClient(config) };
  },
  async route53(config) {
    const sdk = await import('@aws-sdk/client-route-53');
    return { sdk, client: new sdk.Route53Client(config) };
  },
  async sts(config) {
    const sdk = await import('@aws-sdk/client-sts');
    return { sdk, client: new sdk.STSClient(config) };
  },
};

/** `read`: retried by the SDK, within its rate limit. `write`: sent once, at once, or not at all. */
export type Lane = 'read' | 'write';

interface ClientConfig {
  region?: string;
  maxAttempts: number;
  retryMode: 'adaptive' | 'standard';
  requestHandler: { connectionTimeout: number; requestTimeout: number; throwOnRequestTimeout: true };
}

/** Of one attempt. */
const CONNECT_MS = 1_000;
const ANSWER_MS = 2_500;
const READ_ATTEMPTS = 3;

/**
 * By service, region and lane: the adaptive mode's token bucket is the client's, so that all reads of one account and API share
 * it. A write waits for no bucket, and is never repeated behind its caller's back.
 */
const clients = new Map<string, Promise<unknown>>();

export function connect<S extends AwsServiceName>(
  service: S,
  region: string | null,
  lane: Lane,
): Promise<AwsClient<S>> {
  const key = [service, region ?? '', lane].join(' ');
  const known = clients.get(key) ?? open(service, region, lane);
  clients.set(key, known);
  return known as Promise<AwsClient<S>>;
}

/** Credentials that were refused are looked for again by the next call: their source may hold others by then. */
export function forget(client: Promise<unknown>): void {
  for (const [key, known] of clients) if (known === client) clients.delete(key);
}

function open(service: AwsServiceName, region: string | null, lane: Lane): Promise<unknown> {
  return LOADERS[service]({
    ...(region === null ? {} : { region }),
    maxAttempts: lane === 'read' ? READ_ATTEMPTS : 1,
    retryMode: lane === 'read' ? 'adaptive' : 'standard',
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true },
  });
}
