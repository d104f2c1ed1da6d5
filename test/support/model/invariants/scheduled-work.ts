/** Work that only one colour may run: never on both, and in the end where the traffic is, or a person was called. */
import type { ScheduledWorkInput } from '../../../../src/activities/types.ts';
import { otherColour } from '../../../../src/plan/weights.ts';
import type { Checker } from '../invariants.ts';
import type { ModelWorld } from '../model-world.ts';

export function workChecks(world: ModelWorld): Checker[] {
  return [neverOnBoth(world), followsTraffic(world)];
}

function neverOnBoth({ base }: ModelWorld): Checker {
  const broken = () => base.violations.filter((line) => line.startsWith('both')).map((line) => `work: ${line}`);
  return { seen: broken, end: broken };
}

function followsTraffic({ base, writes }: ModelWorld): Checker {
  let asked = false;
  let hasPassed = false;
  return {
    seen({ turns }) {
      for (const { scheduled } of turns) {
        for (const { type, args } of scheduled) {
          if (type !== 'moveScheduledWork') continue;
          asked = true;
          hasPassed ||= (args[0] as ScheduledWorkInput).fence.step > 0;
        }
      }
      return [];
    },
    end({ closed, status, statuses }) {
      if (!asked || closed === null || status?.colours == null || status.outcome === 'stuck') return [];
      const isTold = statuses.some(({ attention }) => attention.some((line) => line.startsWith('Scheduled work')));
      const isDisturbed = writes.at(-1)?.by === null;
      if (isTold || isDisturbed) return [];
      const { active, candidate } = status.colours;
      const owner = status.outcome === 'succeeded' ? candidate : active;
      if (!base.work.runs[owner]) return [`work: ${status.outcome}, and nothing runs on ${owner}`];
      // A deployment that ended before its first pass was through has suspended nothing.
      return hasPassed && base.work.runs[otherColour(owner)] ? [`work: ${status.outcome}, and it runs on both`] : [];
    },
  };
}
