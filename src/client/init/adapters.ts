/** The adapters of a first plan: names that its author replaces by the real ones, as valid as they stand. */
import { stringify } from 'yaml';
import type { Autoscaler, LiveService } from '../../direct/kubernetes/live-service.ts';
import type { Colour } from '../../plan/types.ts';
import type { Answers } from './answers.ts';
import { awsSection } from './aws.ts';

type Section = Record<string, unknown>;

const COLOURS = ['blue', 'green'] as const;
/** Of the router `service_selector`. */
const DEFAULT_LABEL = 'colour';

/** What was found in the cluster or in AWS, else what goes with a platform as a rule. Unknown platforms the plan's reader refuses. */
export function adaptersOf({ service, platform, live }: Pick<Answers, 'service' | 'platform' | 'live'>): string[] {
  if (live?.source === 'kubernetes') return liveAdapters(live);
  if (live?.source === 'aws') {
    const { comments, section } = awsSection(live);
    return written(comments.join('\n# '), section);
  }
  const both = { blue: `${service}-blue`, green: `${service}-green` };
  switch (platform) {
    case 'kubernetes':
      return written('Two Deployments, and the HTTPRoute in front of them: put in their names.', {
        platform: { kubernetes: { namespace: 'default', deployments: both } },
        router: { gateway_api: { route: service, services: both } },
        metrics: { prometheus: { url: 'http://prometheus:9090' } },
      });
    case 'ecs':
      return written('Two services of a cluster, and the listener rule in front of them: put in their names.', {
        platform: { ecs: { cluster: 'production', services: both } },
        ...balanced(both),
      });
    case 'asg':
      return written('Two Auto Scaling groups, and the listener rule in front of them: put in their names.', {
        platform: { asg: { groups: both } },
        ...balanced(both),
      });
    default:
      return [`${stringify({ platform }).trimEnd()} # what runs the two colours; router and metrics follow`];
  }
}

function liveAdapters(live: LiveService): string[] {
  const { context, namespace, service, label, active, workload, names, container, image } = live;
  const running = `${live.replicas[active]} replicas of ${live.version ?? 'an image without version'}`;
  const comments = [
    `Service ${namespace}/${service} selected ${label}: ${active} when this was written, with ${running}.`,
    ...COLOURS.flatMap((colour) => autoscalerComment(colour, live.autoscalers[colour])),
    'The metrics are to be put in: docs/prometheus.md.',
  ];
  const section = {
    platform: {
      kubernetes: {
        ...(context === null ? {} : { context }),
        namespace,
        deployments: names,
        ...(workload === 'Deployment' ? {} : { workload }),
        ...(container === null ? {} : { container }),
        image,
      },
    },
    router: { service_selector: { service, ...(label === DEFAULT_LABEL ? {} : { label }) } },
    metrics: { prometheus: { url: 'http://prometheus:9090' } },
  };
  return written(comments.join('\n# '), section);
}

function autoscalerComment(colour: Colour, autoscaler: Autoscaler | null): string[] {
  if (autoscaler === null) return [];
  const { name, min, max } = autoscaler;
  return [`HorizontalPodAutoscaler ${name} keeps ${colour} at ${min} to ${max} replicas.`];
}

function balanced(targetGroups: Section): Section {
  return {
    router: { alb: { rule: 'ARN_OF_THE_LISTENER_RULE', target_groups: targetGroups } },
    metrics: 'cloudwatch',
  };
}

function written(comment: string, section: Section): string[] {
  return [`# ${comment}`, ...stringify(section, { lineWidth: 0 }).trimEnd().split('\n')];
}
