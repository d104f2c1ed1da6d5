/** The candidate's share only rises, ends at 100 %, and is carried by what the colour has. */
import { type Finding, PLANNED_PHASES, phasePath } from '../finding.ts';
import type { Plan } from '../types.ts';

type Path = Finding['path'];

export function checkShares(plan: Plan): Finding[] {
  return [...checkRise(plan), ...checkEnd(plan), ...checkCapacity(plan)];
}

/** The shares of the phases before the switch, in their order, with where each was written. */
export function validationShares(plan: Plan): { share: number; path: Path; name: string }[] {
  return PLANNED_PHASES.filter((name) => name !== 'decision_window').flatMap((name) => {
    const phase = plan.phases[name];
    return phase === null
      ? []
      : [{ share: phase.traffic_percentage, path: [...phasePath(name), 'traffic_percentage'], name }];
  });
}

function checkRise(plan: Plan): Finding[] {
  const validation = validationShares(plan);
  const found: Finding[] = [];
  let before = { share: 0, name: 'the start' };
  for (const { share, path, name } of validation) {
    if (share < before.share) {
      found.push(
        finding(
          path,
          `${name} has ${share} %, less than ${before.name} with ${before.share} %.`,
          'Let the share rise, or stay.',
        ),
      );
    }
    before = { share, name };
  }
  // `validation` stays at the share reached where that is above its first step.
  if (plan.switch.strategy === 'validation') before = { share: 0, name: 'the start' };
  for (const [index, { share }] of plan.switch.steps.entries()) {
    const falls = index === 0 ? share < before.share || share === 0 : share <= before.share;
    if (falls) {
      const message = `Step ${index + 1} has ${share} %, no more than ${before.name} with ${before.share} %.`;
      found.push(finding(sharePath(index), message, 'Let each step rise.'));
    }
    before = { share, name: `step ${index + 1}` };
  }
  return found;
}

function checkEnd({ switch: { steps }, phases }: Plan): Finding[] {
  const found: Finding[] = [];
  const last = steps.at(-1);
  if (last === undefined || last.share !== 100) {
    const ends = last === undefined ? 'has no steps' : `ends at ${last.share} %`;
    found.push(
      finding(
        sharePath(Math.max(0, steps.length - 1)),
        `The switch ${ends}, not at 100 %.`,
        'Let the last step be 100.',
      ),
    );
  }
  const decision = phases.decision_window.traffic_percentage;
  if (decision !== 100) {
    const path = [...phasePath('decision_window'), 'traffic_percentage'];
    found.push(
      finding(path, `full_switch has ${decision} %, and is the time at 100 %.`, 'Write 100, or leave it out.'),
    );
  }
  return found;
}

/** Traffic never goes to a colour whose size does not cover it: such a plan could not pass. */
function checkCapacity(plan: Plan): Finding[] {
  const { validation_percent: validation, switch_percent: atSwitch } = plan.capacity;
  const highest = Math.max(0, ...validationShares(plan).map(({ share }) => share));
  const found: Finding[] = [];
  if (validation < highest) {
    const message = `The standby colour has ${validation} % of the size and is to take ${highest} % of the traffic.`;
    found.push(finding(['capacity', 'validation'], message, `Write ${highest}% or more.`));
  }
  if (atSwitch < 100) {
    const message = `The candidate has ${atSwitch} % of the size and is to take all traffic.`;
    found.push(finding(['capacity', 'switch'], message, 'Write match_active, or 100% or more.'));
  }
  return found;
}

/** The share of a step that is a map stands under its own key; of a number, at the number itself. */
function sharePath(index: number): Path {
  return ['switch', 'steps', index, 'share'];
}

function finding(path: Path, message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_SHARES', path, message, hint };
}
