/** An approval that nobody could give is refused. */
import type { Finding } from '../finding.ts';
import type { Plan } from '../types.ts';

export function checkApproval({ approval }: Plan): Finding[] {
  if (approval === null) return [];
  const { approvers, required } = approval;
  if (approvers.length === 0)
    return [
      finding(['approval', 'approvers'], 'An approval is asked for, and nobody may give it.', 'Name the approvers.'),
    ];
  const names = approvers.map((name) => name.trim().toLowerCase());
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) {
    return [
      finding(['approval', 'approvers', twice], `\`${approvers[twice]}\` is named twice.`, 'Name each approver once.'),
    ];
  }
  if (required <= approvers.length) return [];
  const message = `${required} approvals are required, of ${approvers.length} approver${approvers.length === 1 ? '' : 's'}.`;
  return [finding(['approval', 'required'], message, `Write ${approvers.length} or less, or name more approvers.`)];
}

function finding(path: Finding['path'], message: string, hint: string): Finding {
  return { code: 'CUTOVER_PLAN_APPROVAL', path, message, hint };
}
