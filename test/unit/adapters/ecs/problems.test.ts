import type { Service, Task } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { lastStopped, problemsOf } from '../../../../src/adapters/platforms/ecs/problems.ts';

const START = new Date('2026-11-29T10:00:00Z');
const later = (seconds: number) => new Date(START.getTime() + seconds * 1_000);
const service = (changes: Service = {}): Service => ({
  serviceName: 'checkout-green',
  desiredCount: 2,
  deployments: [{ id: 'ecs-svc/2', status: 'PRIMARY', taskDefinition: 'checkout:2', createdAt: START }],
  ...changes,
});
const event = (message: string, createdAt: Date) => ({ id: message, message, createdAt });
const reasons = (found: { reason: string | null }[]) => found.map(({ reason }) => reason);

describe('the problems of an ECS service', () => {
  it('are the newest trouble that it tells of since its deployment began', () => {
    const events = [
      event('(service checkout-green) has started 2 tasks', later(3)),
      event('(service checkout-green) (port 80) is unhealthy in (target-group tg-green)', later(2)),
      event('(service checkout-green) was unable to place a task', later(1)),
    ];
    expect(problemsOf(service({ events }), true)).toEqual([
      { id: 'service/checkout-green', url: null, ready: false, reason: events[1]?.message },
    ]);
  });

  it('are none of the deployment before, none of a service that is well, and none of one that is freed', () => {
    const events = [event('was unable to place a task', later(-3_600))];
    expect(problemsOf(service({ events }), true)).toEqual([]);
    const recent = [event('was unable to place a task', later(1))];
    expect(problemsOf(service({ events: recent }), false)).toEqual([]);
    expect(problemsOf(service({ events: recent, desiredCount: 0 }), true)).toEqual([]);
  });

  it('are a rollback of ECS’ own, also when enough tasks run', () => {
    const events = [event('(deployment ecs-svc/1) rolling back to deployment ecs-svc/2.', later(-1))];
    expect(problemsOf(service({ events }), false)).toHaveLength(1);
  });
});

describe('the last stopped tasks', () => {
  const task = (id: string, seconds: number, changes: Task = {}): Task => ({
    taskArn: `arn:aws:ecs:eu-west-1:123456789012:task/shop/${id}`,
    taskDefinitionArn: 'checkout:2',
    stoppedAt: later(seconds),
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    ...changes,
  });

  it('are those of its deployments that ended by themselves, the newest first', () => {
    const tasks = [
      task('a', 1),
      task('b', 3),
      task('c', 2),
      task('old', 9, { taskDefinitionArn: 'checkout:1' }),
      task('scaled', 9, { stopCode: 'ServiceSchedulerInitiated' }),
      task('by-hand', 9, { stopCode: 'UserInitiated' }),
    ];
    expect(lastStopped(service(), tasks).map(({ id }) => id)).toEqual(['task/b', 'task/c']);
  });

  it('say with what each container ended', () => {
    const containers = [
      { name: 'app', exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
      { name: 'envoy', exitCode: 0 },
      { name: 'init', exitCode: 1 },
    ];
    expect(reasons(lastStopped(service(), [task('a', 1, { containers })]))).toEqual([
      'stopped: Essential container in task exited (app: exit code 137, OutOfMemoryError: Container killed due to memory usage; init: exit code 1)',
    ]);
  });

  it('say why they never started', () => {
    const stoppedReason = 'CannotPullContainerError: pull image manifest has been retried 5 time(s)';
    const failed = task('a', 1, { stopCode: 'TaskFailedToStart', stoppedReason, containers: [{ name: 'app' }] });
    expect(reasons(lastStopped(service(), [failed]))).toEqual([`stopped: ${stoppedReason}`]);
    const { stoppedReason: _, ...unknown } = task('a', 1);
    expect(reasons(lastStopped(service(), [unknown]))).toEqual(['stopped: for no reason that ECS gives']);
  });
});
