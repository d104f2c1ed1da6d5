/** The platforms' own keys, as written. */
import { z } from 'zod';
import { WORKLOAD_KIND } from '../kind-name.ts';
import { count, environmentVariables, httpUrl, MAX_LIST, perColour, text } from './base.ts';

const local = z
  .strictObject({
    url: httpUrl.optional().meta({
      description: 'Admin address of the local program.',
      otherwise: "the worker's own",
    }),
    command: z
      .array(text('a word of the command'), 'a list of words, such as [node, server.js]')
      .min(1, 'the program first, then its arguments')
      .max(MAX_LIST)
      .optional()
      .meta({
        description: 'Program and arguments of one instance.',
        otherwise: 'what the service was created with',
        examples: [['node', 'server.js']],
      }),
    cwd: text('a folder').optional().meta({
      description: 'Working directory of the instances.',
      otherwise: "the local program's own",
    }),
    env: environmentVariables.optional().meta({
      description: 'Environment of the instances, beside PORT, COLOUR and VERSION.',
      default: {},
    }),
  })
  .meta({ description: 'A supervisor of processes on this machine.' });

const image = text('an image without its tag').optional().meta({
  description: 'Image without its tag; `version` becomes the tag.',
  otherwise: 'the image that runs',
});
const port = z.int('a port').min(1, 'a port from 1').max(65_535, 'a port up to 65535');
const region = text('a region').optional().meta({ description: 'AWS region.' });

/** Of 200 deployments that start in the same moment, every claim of a router is through within its minute. */
export const DEFAULT_REQUESTS_PER_SECOND = 100;
export const BURST_SECONDS = 2;
const MAX_PER_SECOND = 10_000;

const WORKLOAD_EXPECTED = 'Deployment, StatefulSet, or GROUP/VERSION/Kind such as argoproj.io/v1alpha1/Rollout';

const LABEL_KEY = '(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const LABEL_PAIR = `${LABEL_KEY}=[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?`;
const labelKey = text('a label', 317).regex(new RegExp(`^${LABEL_KEY}$`), 'a label, such as colour');
/** Of the selectors of Kubernetes the plainest, which selects nothing by accident. */
const labelSelector = text('a label selector').regex(
  new RegExp(`^${LABEL_PAIR}(?:,${LABEL_PAIR})*$`),
  'labels such as app=checkout,cutover.dev/active-only=true',
);

export const kubernetesPlatform = z
  .strictObject({
    context: text('a kubeconfig context').optional().meta({
      description: 'Context of the kubeconfig.',
      otherwise: "the worker's own cluster, else the kubeconfig's current context",
    }),
    namespace: text('a namespace', 63).optional().meta({ description: 'Namespace.', default: 'default' }),
    deployments: perColour('the name of a Deployment').optional().meta({
      description: 'Names of the two workloads.',
      otherwise: '`SERVICE-blue` and `SERVICE-green`',
    }),
    workload: z
      .string(WORKLOAD_EXPECTED)
      .regex(WORKLOAD_KIND, WORKLOAD_EXPECTED)
      .optional()
      .meta({
        description:
          'Kind of the two workloads: `Deployment`, `StatefulSet`, or `GROUP/VERSION/Kind` of any object with a scale subresource and a pod template.',
        default: 'Deployment',
        examples: ['StatefulSet', 'argoproj.io/v1alpha1/Rollout'],
      }),
    container: text('the name of a container', 63).optional().meta({
      description: 'Container that gets the new image.',
      otherwise: 'the only one',
    }),
    port: port.optional().meta({
      description: 'Port of the pods for checks that go past the router.',
      otherwise: "the container's first",
    }),
    image,
    requests_per_second: count('a number of requests', 1, MAX_PER_SECOND).optional().meta({
      description:
        "Requests a second that one worker makes of the cluster's API server, for all plans with this bound together. A rollback waits for none of them.",
      default: DEFAULT_REQUESTS_PER_SECOND,
    }),
    request_burst: count('a number of requests', 1, BURST_SECONDS * MAX_PER_SECOND)
      .optional()
      .meta({
        description: 'Requests at once, after a time in which there were fewer.',
        otherwise: `what ${BURST_SECONDS} seconds allow`,
      }),
    active_only: labelSelector.optional().meta({
      description: 'Labels of the CronJobs and consumers that only the active colour may run.',
      otherwise: 'nothing is suspended',
      examples: ['app=checkout,cutover.dev/active-only=true'],
    }),
    colour_label: labelKey.optional().meta({
      description: 'Label of theirs that says which colour they belong to.',
      default: 'colour',
    }),
  })
  .meta({ description: 'Two workloads of a Kubernetes cluster.' });

export const ecsPlatform = z
  .strictObject({
    region,
    cluster: text('the name of a cluster').meta({ description: 'Name of the cluster.' }),
    services: perColour('the name of an ECS service').meta({ description: 'The two ECS services.' }),
    container: text('the name of a container').optional().meta({
      description: 'Container that gets the new image.',
      otherwise: 'the only one',
    }),
    port: port.optional().meta({
      description: 'Port of the tasks for checks that go past the router.',
      otherwise: 'the first one that the container maps',
    }),
    image,
  })
  .meta({ description: 'Two services of an Amazon ECS cluster.' });

export const asgPlatform = z
  .strictObject({
    region,
    groups: perColour('the name of an Auto Scaling group').meta({ description: 'The two groups.' }),
    image: text('the name of an AMI with $version in it', 128)
      .refine((name) => name.includes('$version'), 'a name with $version in it, such as checkout-$version')
      .optional()
      .meta({
        description: 'Name of the AMI of a version; `$version` in it stands for the version.',
        otherwise: 'versions are AMI IDs',
        examples: ['checkout-$version'],
      }),
    image_owner: text('an account, self, or an alias such as amazon', 128).optional().meta({
      description: 'Whose AMIs are looked at.',
      default: 'self',
    }),
    port: z.int('a port').min(1, 'a port from 1').max(65_535, 'a port up to 65535').optional().meta({
      description: 'Port of the instances for checks that go past the load balancer.',
      otherwise: 'there are no such checks',
    }),
  })
  .meta({ description: 'Two Amazon EC2 Auto Scaling groups with launch templates.' });

export const platformSchema = z
  .strictObject(
    {
      local: local.optional(),
      kubernetes: kubernetesPlatform.optional(),
      ecs: ecsPlatform.optional(),
      asg: asgPlatform.optional(),
    },
    'the name of a platform, or a map with its settings',
  )
  .meta({ adapter: 'platform', description: 'What runs a colour: exactly one.', otherwise: 'required' });
