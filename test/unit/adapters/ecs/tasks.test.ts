import type { Task, TaskDefinition } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { instanceOf } from '../../../../src/adapters/platforms/ecs/tasks.ts';

const app = { name: 'app', portMappings: [{ containerPort: 8080 }] };
const plain: TaskDefinition = { containerDefinitions: [app] };
const checked: TaskDefinition = { containerDefinitions: [{ ...app, healthCheck: { command: ['CMD', 'true'] } }] };
const at = (name: string, value: string, status = 'ATTACHED') => [
  { type: 'ElasticNetworkInterface', status, details: [{ name, value }] },
];

describe('a task as an instance', () => {
  it.each<[string, Task, TaskDefinition, string | null]>([
    ['runs without a health check', { lastStatus: 'RUNNING', healthStatus: 'UNKNOWN' }, plain, null],
    ['runs and is healthy', { lastStatus: 'RUNNING', healthStatus: 'HEALTHY' }, checked, null],
    [
      'is not checked yet',
      { lastStatus: 'RUNNING', healthStatus: 'UNKNOWN' },
      checked,
      'its container health check has not passed yet',
    ],
    [
      'fails its check',
      { lastStatus: 'RUNNING', healthStatus: 'UNHEALTHY' },
      checked,
      'its container health check fails',
    ],
    ['is being made', { lastStatus: 'PROVISIONING', healthStatus: 'UNKNOWN' }, plain, 'the task is PROVISIONING'],
    ['is on its way out', { lastStatus: 'DEACTIVATING', healthStatus: 'HEALTHY' }, checked, 'the task is DEACTIVATING'],
  ])('that %s', (_, task, definition, reason) => {
    expect(instanceOf(task, definition, app, null)).toMatchObject({ ready: reason === null, reason });
  });

  it.each<[string, Task, string | null]>([
    ['its own address', { attachments: at('privateIPv4Address', '10.0.0.7') }, 'http://10.0.0.7:8080'],
    ['an IPv6 address', { attachments: at('privateIPv6Address', 'fd00::7') }, 'http://[fd00::7]:8080'],
    ['no interface', {}, null],
    ['an interface that is gone', { attachments: at('privateIPv4Address', '10.0.0.7', 'DELETED') }, null],
  ])('with %s', (_, task, url) => {
    expect(instanceOf(task, plain, app, null).url).toBe(url);
  });

  it('has no address where no port is known, and is called by the end of its ARN', () => {
    const task = {
      taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/shop/0123abcd',
      attachments: at('privateIPv4Address', '10.0.0.7'),
    };
    expect(instanceOf(task, plain, { name: 'app' }, null)).toMatchObject({ id: '0123abcd', url: null });
    expect(instanceOf(task, plain, { name: 'app' }, 9000).url).toBe('http://10.0.0.7:9000');
  });
});
