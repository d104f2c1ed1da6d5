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
const region = text('a region').optional().meta({ description: 'AWS region.' });

/** Of 200 deployments that start in the same moment, every claim of a router is through within its minute. */
export const DEFAULT_REQUESTS_PER_SECOND = 100;
export const BURST_SECONDS = 2;
const MAX_PER_SECOND = 10_000;

const WORKLOAD_EXPECTED = 'Deployment, StatefulSet, or GROUP/VERSION/Kind such as argoproj.io/v1alpha1/Rollout';
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
    port: z.int('a port').min(1, 'a port from 1').max(65_535, 'a port up to 65535').optional().meta({
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
  })
  .meta({ description: 'Two workloads of a Kubernetes cluster.' });

const ecs = z
  .strictObject({
    region,
    cluster: text('the name of a cluster').meta({ description: 'Name of the cluster.' }),
    services: perColour('the name of an ECS service').meta({ description: 'The two ECS services.' }),
    container: text('the name of a container').optional().meta({
      description: 'Container that gets the new image.',
      otherwise: 'the only one',
    }),
    image,
  })
  .meta({ description: 'Two services of an Amazon ECS cluster.' });

const asg = z
  .strictObject({
    region,
    groups: perColour('the name of an Auto Scaling group').meta({ description: 'The two groups.' }),
    launch_template: text('the name of a launch template').optional().meta({
      description: 'Launch template that carries the version.',
    }),
  })
  .meta({ description: 'Two Amazon EC2 Auto Scaling groups.' });

export const platformSchema = z
  .strictObject(
    { local: local.optional(), kubernetes: kubernetesPlatform.optional(), ecs: ecs.optional(), asg: asg.optional() },
    'the name of a platform, or a map with its settings',
  )
  .meta({ adapter: 'platform', description: 'What runs a colour: exactly one.', otherwise: 'required' });
