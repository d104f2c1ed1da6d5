/** The adapters of a first plan: names that its author replaces by the real ones, as valid as they stand. */
import { stringify } from 'yaml';
import type { Answers } from './answers.ts';

type Section = Record<string, unknown>;

/** What goes with a platform as a rule. Unknown platforms are left to the plan's reader to refuse. */
export function adaptersOf({ service, platform }: Pick<Answers, 'service' | 'platform'>): string[] {
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

function balanced(targetGroups: Section): Section {
  return {
    router: { alb: { rule: 'ARN_OF_THE_LISTENER_RULE', target_groups: targetGroups } },
    metrics: { cloudwatch: { namespace: 'AWS/ApplicationELB' } },
  };
}

function written(comment: string, section: Section): string[] {
  return [`# ${comment}`, ...stringify(section, { lineWidth: 0 }).trimEnd().split('\n')];
}
