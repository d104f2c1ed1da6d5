/** The platforms' own keys, as written. */
import { z } from 'zod';
import { environmentVariables, httpUrl, MAX_LIST, perColour, text } from './base.ts';

const local = z.strictObject({
  url: httpUrl.optional().describe("Admin address of the local program. Default: the worker's own."),
  command: z
    .array(text('a word of the command'), 'a list of words, such as [node, server.js]')
    .min(1, 'the program first, then its arguments')
    .max(MAX_LIST)
    .optional()
    .describe('Program and arguments of one instance. Default: what the service was created with.'),
  cwd: text('a folder').optional().describe('Working directory of the instances.'),
  env: environmentVariables.optional().describe('Environment of the instances, beside PORT, COLOUR and VERSION.'),
});

const kubernetes = z.strictObject({
  context: text('a kubeconfig context').optional().describe('Default: in-cluster.'),
  namespace: text('a namespace', 63).optional().describe('Default: default.'),
  deployments: perColour('the name of a Deployment'),
  container: text('the name of a container', 63).optional().describe('Default: the only one.'),
  image: text('an image without its tag').optional().describe('Default: the image that runs, with the new tag.'),
});

const ecs = z.strictObject({
  region: text('a region').optional(),
  cluster: text('the name of a cluster'),
  services: perColour('the name of an ECS service'),
  container: text('the name of a container').optional(),
  image: text('an image without its tag').optional(),
});

const asg = z.strictObject({
  region: text('a region').optional(),
  groups: perColour('the name of an Auto Scaling group'),
  launch_template: text('the name of a launch template').optional(),
});

export const platformSchema = z
  .strictObject(
    { local: local.optional(), kubernetes: kubernetes.optional(), ecs: ecs.optional(), asg: asg.optional() },
    'the name of a platform, or a map with its settings',
  )
  .describe('What runs a colour: exactly one.')
  .meta({ adapter: 'platform' });
