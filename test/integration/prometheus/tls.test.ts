/** Certificates from files: the server's is verified, the client's is shown, and a renewed one is taken up. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPrometheusProvider, type PrometheusConfig } from '../../../src/adapters/metrics/prometheus.ts';
import { requirePart } from '../../support/parts.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { settings } from '../../support/prometheus-provider.ts';

const openssl = await requirePart('openssl', () =>
  execFileSync('openssl', ['version'], { stdio: ['ignore', 'pipe', 'pipe'] }),
);

openssl.suite('a server that asks for certificates', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: Server;
  let url: string;
  const shown: string[] = [];
  const connections = new Set<TLSSocket>();
  const path = (name: string) => join(folder.path, name);

  beforeAll(async () => {
    folder = await temporaryFolder('tls');
    for (const name of ['prometheus', 'first', 'second']) certify(name);
    server = createServer(
      {
        key: readFileSync(path('prometheus.key')),
        cert: readFileSync(path('prometheus.crt')),
        ca: [readFileSync(path('first.crt')), readFileSync(path('second.crt'))],
        requestCert: true,
      },
      (request, response) => {
        const socket = request.socket as TLSSocket;
        connections.add(socket);
        shown.push(String(socket.getPeerCertificate().subject?.CN));
        response.end(JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [1, '7'] } }));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    await folder?.remove();
  });

  function certify(name: string): void {
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const files = ['-keyout', path(`${name}.key`), '-out', path(`${name}.crt`), '-subj', `/CN=${name}`];
    const names = ['-addext', `subjectAltName=DNS:${name}`];
    execFileSync('openssl', [...request, ...files, ...names], { stdio: 'ignore', timeout: 20_000 });
  }

  function asking(tls: PrometheusConfig['tls']) {
    const provider = createPrometheusProvider(
      settings(url, { queries: { queue: 'queue' }, tls, secretsFolder: folder.path }),
    );
    const span = { metric: 'queue', colour: 'blue' as const, from_ms: 0, to_ms: 10_000 };
    return async () => (await provider.sample([span, { ...span, from_ms: 1 }], AbortSignal.timeout(5_000)))[0];
  }

  it('is not trusted without its certificate, or under another name', async () => {
    const ca_file = path('prometheus.crt');
    expect(await asking({ server_name: 'prometheus' })()).toMatchObject({ kind: 'no_data' });
    expect(await asking({ ca_file })()).toMatchObject({ reason: expect.stringContaining('altnames') });
    expect(shown).toEqual([]);
  });

  it('is shown the certificate in the files, over one connection, and the next one once they change', async () => {
    await Promise.all(['crt', 'key'].map((end) => copyFile(path(`first.${end}`), path(`client.${end}`))));
    const files = { ca_file: path('prometheus.crt'), cert_file: path('client.crt'), key_file: path('client.key') };
    const ask = asking({ ...files, server_name: 'prometheus' });
    const other = asking({ ...files, server_name: 'prometheus' });
    expect(await ask()).toMatchObject({ kind: 'value', value: 7 });
    expect(await ask()).toMatchObject({ kind: 'value', value: 7 });
    expect(await other()).toMatchObject({ kind: 'value', value: 7 });
    expect(shown).toEqual(['first', 'first', 'first']);
    expect(connections.size).toBe(1);
    await Promise.all(['crt', 'key'].map((end) => copyFile(path(`second.${end}`), path(`client.${end}`))));
    expect(await ask()).toMatchObject({ kind: 'value', value: 7 });
    expect(shown.at(-1)).toBe('second');
  });
});
