import { rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPrometheusProvider, type PrometheusConfig } from '../../../../src/adapters/metrics/prometheus.ts';
import { temporaryFolder } from '../../../support/processes.ts';
import { settings } from '../../../support/prometheus-provider.ts';
import { type FakeServer, startFake, vector } from './fake-server.ts';

let server: FakeServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
beforeEach(async () => {
  server = await startFake(vector([{}, '7']));
  folder = await temporaryFolder('access');
  file = join(folder.path, 'secret');
});
afterEach(() => Promise.all([server.close(), folder.remove()]));

function asking(over: Partial<PrometheusConfig>) {
  const common = { queries: { queue: 'queue' }, secretsFolder: folder.path };
  const provider = createPrometheusProvider(settings(server.url, { ...common, ...over }));
  return async () => {
    const span = { metric: 'queue', colour: 'blue' as const, from_ms: 0, to_ms: 10_000 };
    const [sample] = await provider.sample([span], AbortSignal.timeout(5_000));
    return { sample, sent: server.asked.at(-1)?.headers };
  };
}

describe('who the provider is', () => {
  it('headers of the plan and the tenant go with every query', async () => {
    const { sent } = await asking({ headers: { 'X-One': '1' }, tenant: 'team-a' })();
    expect(sent).toMatchObject({ 'x-one': '1', 'x-scope-orgid': 'team-a', 'thanos-tenant': 'team-a' });
    expect(sent).not.toHaveProperty('authorization');
  });

  it('a token is read from its file at use, and again when it changes', async () => {
    await writeFile(file, 'first-token\n');
    const ask = asking({ bearer_token_file: file });
    expect((await ask()).sent?.authorization).toBe('Bearer first-token');
    expect((await ask()).sent?.authorization).toBe('Bearer first-token');
    await writeFile(file, 'the-second-token\n');
    expect((await ask()).sent?.authorization).toBe('Bearer the-second-token');
  });

  it('a password goes with its name', async () => {
    await writeFile(file, 'hunter2');
    const { sent } = await asking({ basic_auth: { username: 'ana', password_file: file } })();
    expect(sent?.authorization).toBe(`Basic ${Buffer.from('ana:hunter2').toString('base64')}`);
  });

  it.each([
    ['more than one line', 'two\nlines', 'must hold one line'],
    ['an environment', 'HOME=/root\0PATH=/bin', 'must hold one line'],
    ['nothing', '', 'must hold one line'],
    ['a large file', 'x'.repeat(65_537), 'it is larger than 65536 bytes'],
  ])('%s is no secret: nothing is sent, and nothing of it told', async (_, text, reason) => {
    await writeFile(file, text);
    const { sample } = await asking({ bearer_token_file: file })();
    expect(sample).toEqual({ kind: 'no_data', observations: 0, reason: expect.stringContaining(`${file} `) });
    expect(sample).toMatchObject({ reason: expect.stringContaining(reason) });
    expect(JSON.stringify(sample)).not.toMatch(/two|HOME|xxx/);
    expect(server.asked).toEqual([]);
  });

  it('no file is read where the worker allows none, or outside of what it allows', async () => {
    await writeFile(file, 'token');
    expect((await asking({ bearer_token_file: file, secretsFolder: null })()).sample).toMatchObject({
      reason: `${file} cannot be read: this worker lets plans name no files (--secrets)`,
    });
    const outside = `${folder.path}-outside`;
    await writeFile(outside, 'token');
    await symlink(outside, join(folder.path, 'link'));
    for (const path of [outside, join(folder.path, 'link'), join(folder.path, '..', basename(outside))]) {
      expect((await asking({ bearer_token_file: path })()).sample).toMatchObject({
        reason: `${path} cannot be read: it does not lie in the worker's directory of secrets`,
      });
    }
    await rm(outside);
    expect(server.asked).toEqual([]);
  });

  it('a file that is gone is no data until it is back', async () => {
    await writeFile(file, 'token');
    const ask = asking({ bearer_token_file: file });
    expect((await ask()).sample).toMatchObject({ kind: 'value' });
    await rm(file);
    expect((await ask()).sample).toMatchObject({ kind: 'no_data', reason: `${file} cannot be read: ENOENT` });
    await writeFile(file, 'token');
    expect((await ask()).sample).toMatchObject({ kind: 'value' });
  });

  it('certificates that are none are no data, and not told', async () => {
    await writeFile(file, 'KEY-MATERIAL');
    const tls = { ca_file: file, cert_file: file, key_file: file, server_name: 'prometheus' };
    const { sample } = await asking({ url: server.url.replace('http:', 'https:'), tls })();
    expect(sample).toMatchObject({ kind: 'no_data', observations: 0 });
    expect(JSON.stringify(sample)).not.toContain('KEY-MATERIAL');
    expect(server.asked).toEqual([]);
  });
});
