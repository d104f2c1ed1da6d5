/** Everybody and everything outside the run: people, other writers, instances, outages. */
import { DIRECT_STEP } from '../../../src/adapters/types.ts';
import type { Colour } from '../../../src/plan/types.ts';
import { otherColour } from '../../../src/plan/weights.ts';
import { START_UPDATE } from '../../../src/workflows/api.ts';
import type { ModelWorld } from './model-world.ts';
import { APPROVER, planOf } from './plan-of.ts';
import type { Act, PlanChoice, Side } from './scenario.ts';
import type { ModelServer } from './server.ts';

export interface Actors {
  perform(act: Act): void;
}

export function createActors(server: ModelServer, world: ModelWorld, choice: PlanChoice): Actors {
  const { base } = world;
  let sent = 0;
  /** By whom the router stood before the first deployment is `blue`; after it each run's own `before` tells. */
  function colourOf(side: Side): Colour {
    const active: Colour = base.router.before?.green === 100 ? 'green' : 'blue';
    return side === 'active' ? active : otherColour(active);
  }

  function message(act: Extract<Act, { kind: 'message' }>): void {
    const { name, via, payload } = act;
    sent += 1;
    const both = via === 'both' || via === 'twice';
    const shown = both && typeof payload === 'object' ? { ...payload, request_id: `request-${sent}` } : payload;
    const args = shown === undefined ? [] : [shown];
    if (via !== 'signal') server.update(`update-${sent}`, name, args);
    if (via === 'twice') server.update(`update-${sent}-again`, name, args);
    if (via === 'signal' || via === 'both') server.signal(name, args);
  }

  function start(): void {
    sent += 1;
    const request = { plan: planOf(choice, '3.0.0'), started_by: APPROVER, request_id: `start-${sent}` };
    server.update(`start-${sent}`, START_UPDATE, [request]);
  }

  function direct(): void {
    const { fence, before } = base.router;
    if (fence === null || before === null || base.routerDown) return;
    world.write(before, { ...fence, step: Math.max(fence.step, DIRECT_STEP) + 1 });
  }

  function claimed(): void {
    const { fence, weights } = base.router;
    world.write(weights, { run: 'another deployment', epoch: (fence?.epoch ?? 0) + 1, step: 0 });
  }

  return {
    perform(act) {
      switch (act.kind) {
        case 'message':
          return message(act);
        case 'start':
          return start();
        case 'cancel':
          return server.cancel();
        case 'evict':
          return void server.evict();
        case 'direct':
          return direct();
        case 'claimed':
          return claimed();
        case 'foreign':
          return base.routerDown ? undefined : world.write({ blue: act.blue, green: 100 - act.blue }, null);
        case 'lose': {
          const model = base.colours[colourOf(act.side)];
          model.ready = Math.min(model.ready, act.left);
          return;
        }
        case 'recover': {
          const model = base.colours[colourOf(act.side)];
          model.ready = model.desired;
          return;
        }
        case 'unreadable': {
          const model = base.colours[colourOf(act.side)];
          model.unreadable = true;
          server.time.after(act.ms, () => {
            model.unreadable = false;
          });
          return;
        }
        case 'router_down':
          base.routerDown = true;
          server.time.after(act.ms, () => {
            base.routerDown = false;
          });
          return;
        case 'outage':
          server.outage(act.how);
          server.time.after(act.ms, () => server.recover());
      }
    },
  };
}
