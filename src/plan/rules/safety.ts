/** A point of no safe return that is never reached, a circuit that breaks at nothing, a step that checks what is not there. */
import type { Finding } from '../finding.ts';
import type { Plan } from '../types.ts';

export function checkSafety(plan: Plan): Finding[] {
  return [...neverBegins(plan), ...breaksAtNothing(plan), ...smokeOfNobody(plan)];
}

/** Right after the one that is left out comes the next, so that is what can be meant. */
function neverBegins({ rollback_safe_until: safety, observation, lease }: Plan): Finding[] {
  if (safety?.kind !== 'phase' || (safety.phase !== 'observation' && safety.phase !== 'lease')) return [];
  if ({ observation, lease }[safety.phase].duration_ms > 0) return [];
  const leaveOut = 'Leave it out: the clean-up comes next, and nothing rolls back from there.';
  const hint = safety.phase === 'observation' && lease.duration_ms > 0 ? 'Write `lease`, which comes next.' : leaveOut;
  const message = `\`rollback_safe_until\` is \`${safety.phase}\`, which this plan leaves out (\`${safety.phase}.duration\` is 0s).`;
  return [{ code: 'CUTOVER_PLAN_VALUE', path: ['rollback_safe_until'], message, hint }];
}

function breaksAtNothing({ circuit_break: circuit }: Plan): Finding[] {
  if (circuit === null || circuit.error_rate > 0) return [];
  return [
    {
      code: 'CUTOVER_PLAN_VALUE',
      path: ['circuit_break', 'error_rate'],
      message: 'An error rate of 0 % is reached without a single error.',
      hint: 'Write more than 0, such as 5%.',
    },
  ];
}

function smokeOfNobody({ smoke, switch: { steps } }: Plan): Finding[] {
  const index = steps.findIndex((step) => step.smoke === true);
  if (smoke !== null || index < 0) return [];
  const message = `Step ${index + 1} runs the smoke suite, and the plan has none.`;
  return [{ code: 'CUTOVER_PLAN_SMOKE', path: ['switch', 'steps', index], message, hint: 'Give the plan a `smoke`.' }];
}
