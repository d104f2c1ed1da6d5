/** A first plan, as YAML with comments that say what each part does. */
import { stringify } from 'yaml';
import { adaptersOf } from './adapters.ts';
import type { Answers, Live } from './answers.ts';
import { deadlineOf } from './aws.ts';
import { hasShares } from './questions.ts';

/** How long is measured before something is judged. */
const QUICK = { health: '2m', performance: '5m', full: '30s', step: '5m' } as const;
/** Of CloudWatch, whose data points are of minutes and come minutes later. */
const SLOW = { health: '10m', performance: '15m', full: '15m', step: '15m' } as const;

/** Every answer stands as it was given; whether it is a valid one is for the plan's own reader to say. */
export function writePlan(answers: Answers): string {
  return [
    '# A blue-green deployment. Check it: cutover validate; see what it will do: cutover plan.',
    pair('service', answers.service),
    'environment: production',
    `${pair('version', answers.version)} # the new version; for another one: --set version=…`,
    '',
    ...adaptersOf(answers),
    '',
    ...phases(answers),
    '',
    ...approval(answers.approvers),
    ...traffic(answers),
    '',
    `observation: { ${pair('duration', answers.observation)} } # watched at 100 %, with the triggers of full_switch`,
    'lease: { duration: 24h } # the old colour is kept so long: a rollback needs no redeploy',
    '',
  ].join('\n');
}

/** A share only rises: what is validated stays below the first step. */
function phases({ strategy, steps, live, platform }: Answers): string[] {
  if (live !== null && !hasShares(live)) return wholePhases(live);
  const lasting = isMinutely(platform) ? SLOW : QUICK;
  const first = strategy === 'gradual' ? (steps[0] ?? 100) : 100;
  const performance = Math.min(10, half(first));
  const health = Math.min(1, half(performance));
  return [
    '# What the candidate has to prove, before all traffic goes to it. Leave a phase out, and it is not run.',
    'blue_green_switch:',
    '  validation_phases:',
    '    health_check:',
    `      duration: ${lasting.health}`,
    `      traffic_percentage: ${health} # the share of production traffic that the candidate gets meanwhile`,
    '      success_criteria: ["http_success_rate > 99.5"] # judged over the whole phase, at its end',
    '    performance_validation:',
    `      duration: ${lasting.performance}`,
    `      traffic_percentage: ${performance}`,
    '      success_criteria: ["p99_latency < baseline + 10ms"] # baseline: the old colour at the same time',
    '    full_switch:',
    `      duration: ${lasting.full}`,
    `      rollback_triggers: ["error_rate > 1"] # judged every ${isMinutely(platform) ? 'minute' : 'second'}; traffic goes back at once when one fires`,
  ];
}

/** Without a share between nothing is measured before all traffic is moved. */
function wholePhases(live: Live): string[] {
  const [what, duration, trigger, often] =
    live.source === 'aws'
      ? // Requests are counted by Application Load Balancers alone.
        ['A Network Load Balancer', SLOW.full, 'cpu_utilization > 90', 'minute']
      : ['A selector', '5m', 'error_rate > 1', 'second'];
  return [
    `# ${what} gives a colour all traffic or none. What the candidate can prove without any: the smoke suite (smoke).`,
    'blue_green_switch:',
    '  validation_phases:',
    '    full_switch:',
    `      duration: ${duration}`,
    `      rollback_triggers: ["${trigger}"] # judged every ${often}; traffic goes back at once when one fires`,
  ];
}

function approval(approvers: readonly string[]): string[] {
  if (approvers.length === 0)
    return ['# Nobody is asked. To be asked: approval: { approvers: [ana@example.com], timeout: 1h }', ''];
  return [
    '# Asked before the switch, with what was measured; without an answer in time it is rolled back.',
    'approval:',
    `  approvers: ${list(approvers)}`,
    '  required: 1',
    '  timeout: 1h',
    '',
  ];
}

function traffic({ strategy, steps, live, platform }: Answers): string[] {
  const deadline = live?.source === 'aws' ? deadlineOf(live) : '30s';
  const { step } = isMinutely(platform) ? SLOW : QUICK;
  const common = `  deadline: ${deadline} # a shift that is not proven by then is put back`;
  switch (strategy) {
    case 'instant':
      return ['switch:', '  strategy: instant # all traffic at once', common];
    case 'gradual':
      return [
        'switch:',
        '  strategy: gradual',
        `  steps: ${list(steps)} # percent; each is proven at the router, and watched`,
        `  step_duration: ${step}`,
        common,
      ];
    case 'validation':
      return ['switch:', '  strategy: validation # 1 %, validated in full, then all traffic', common];
  }
}

/** Platforms of AWS, whose metrics are CloudWatch's. */
function isMinutely(platform: string): boolean {
  return platform === 'ecs' || platform === 'asg';
}

/** With two decimals, as many as a plan takes. */
function half(share: number): number {
  return Math.round(share * 50) / 100;
}

function pair(key: string, value: string): string {
  return stringify({ [key]: value }, { lineWidth: 0 }).trimEnd();
}

function list(values: readonly (string | number)[]): string {
  return stringify([...values], { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}
