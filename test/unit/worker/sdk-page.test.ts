import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { mergePages, readSdkPage } from '../../../src/worker/metrics/sdk-page.ts';
import { freePort } from '../../support/ports.ts';

const OURS = `# HELP cutover_watchers Running watchers.
# TYPE cutover_watchers gauge
cutover_watchers 2

# HELP shared_total Both have it.
# TYPE shared_total counter
shared_total 1
`;
const THEIRS = `# HELP temporal_request_total Requests.
# TYPE temporal_request_total counter
temporal_request_total{operation="Poll"} 3
# TYPE shared_total counter
shared_total 99
shared_total{of="theirs"} 99

# HELP temporal_num_pollers Pollers.
# TYPE temporal_num_pollers gauge
temporal_num_pollers 10
# EOF
`;

describe('two pages as one', () => {
  it('keep every family once, ours where both have it', () => {
    const page = mergePages(OURS, THEIRS);
    expect(page.match(/^# TYPE shared_total/gm)).toHaveLength(1);
    expect(page).not.toContain('99');
    expect(page).toContain('cutover_watchers 2\n');
    expect(page).toContain('temporal_request_total{operation="Poll"} 3\n');
    expect(page.endsWith('# TYPE temporal_num_pollers gauge\ntemporal_num_pollers 10\n')).toBe(true);
  });

  it('are ours alone when theirs is empty', () => {
    expect(mergePages(OURS, '')).toBe(OURS);
  });
});

describe('the SDK’s page', () => {
  let server: Server | null = null;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function serve(status: number): Promise<number> {
    const started = createServer((_, response) => response.writeHead(status).end('metric 1\n'));
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    return (started.address() as AddressInfo).port;
  }

  it('is read', async () => expect(await readSdkPage(await serve(200))).toBe('metric 1\n'));
  it('is none when it answers with an error', async () => expect(await readSdkPage(await serve(500))).toBeNull());
  it('is none when nobody listens', async () => expect(await readSdkPage(await freePort())).toBeNull());
});
