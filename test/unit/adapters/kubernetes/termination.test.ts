import type { V1Container, V1Deployment } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { endsTooSoon } from '../../../../src/adapters/platforms/kubernetes/termination.ts';

const DRAIN_MS = 30_000;

function workload(grace: number | undefined, preStop?: NonNullable<V1Container['lifecycle']>['preStop']): V1Deployment {
  const lifecycle = preStop === undefined ? {} : { lifecycle: { preStop } };
  const spec = {
    containers: [{ name: 'app', image: 'app:1', ...lifecycle }],
    ...(grace === undefined ? {} : { terminationGracePeriodSeconds: grace }),
  };
  return {
    metadata: { name: 'checkout-blue' },
    spec: { selector: {}, template: { spec } },
  };
}

const command = (...words: string[]) => ({ exec: { command: words } });
const SHORT = 'Deployment checkout-blue: its pods are killed 10 s after they are told to end';
const SLEEPS = (seconds: number) => `Deployment checkout-blue: the preStop of app sleeps ${seconds} s`;

describe('the time that pods have to end', () => {
  it.each([
    ['as long as the drain', workload(30), []],
    ['the default, as long as the drain', workload(undefined), []],
    ['shorter', workload(10), [`${SHORT} (terminationGracePeriodSeconds), switch.drain is 30 s`]],
    ['a sleep as long as the drain', workload(60, { sleep: { seconds: 30 } }), []],
    ['a shorter sleep', workload(60, { sleep: { seconds: 5 } }), [`${SLEEPS(5)}, switch.drain is 30 s`]],
    ['a shorter sleep as a command', workload(60, command('sleep', '5')), [`${SLEEPS(5)}, switch.drain is 30 s`]],
    [
      'a shorter sleep in a shell',
      workload(60, command('/bin/sh', '-c', '/bin/sleep 7.5s && true')),
      [`${SLEEPS(7.5)}, switch.drain is 30 s`],
    ],
    ['a command that may do anything', workload(60, command('/drain.sh', '--sleepless', '5')), []],
    [
      'a sleep that is killed',
      workload(30, { sleep: { seconds: 45 } }),
      [`${SLEEPS(45)}, and its pods are killed after 30 s (terminationGracePeriodSeconds)`],
    ],
  ])('%s', (_title, subject, doubts) => {
    expect(endsTooSoon(subject, 'Deployment', DRAIN_MS)).toEqual(doubts);
  });
});
