/** A real Kubernetes control plane on this machine: etcd, API server, controllers, scheduler, and kwok for nodes and pods. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../../src/local/temporal/free-port.ts';
import { type SpawnedProcess, spawnProcess, temporaryFolder } from '../processes.ts';
import { type ControlPlaneParts, controlPlaneParts, type Program } from './parts.ts';

const READY_LIMIT_MS = 60_000;
const COUNTED_USER = 'cutover';
/** One line for each request of one user, when it has been answered. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', users: [COUNTED_USER] }, { level: 'None' }],
};

export interface ControlPlane {
  /** With everything allowed. */
  kubeconfig: string;
  /** The same, for the user `cutover`, whose requests the server writes down. */
  countedKubeconfig: string;
  /** Answered requests of the user `cutover` so far; a watch counts when it ends. */
  requests(): Promise<number>;
  url: string;
  token: string;
  parts: ControlPlaneParts;
  apiserver: SpawnedProcess;
  etcd: SpawnedProcess;
  folder: string;
  /** Starts the API server again, on the same port, after it was killed, and its controllers. */
  restartApiserver(): Promise<void>;
  /** Any request as administrator; throws on a status from 300. */
  api<T = unknown>(method: string, path: string, body?: unknown, contentType?: string): Promise<T>;
  stop(): Promise<void>;
}

export function tellStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

export async function startControlPlane(parts: ControlPlaneParts): Promise<ControlPlane> {
  const folder = await temporaryFolder('kubernetes');
  const at = (name: string) => join(folder.path, name);
  const [etcdPort = 0, peerPort = 0, apiPort = 0, kwokPort = 0] = await freePorts(4);
  const started: SpawnedProcess[] = [];
  const start = async ({ command, first }: Program, name: string, args: string[]) => {
    const spawned = await spawnProcess({ command, args: [...first, ...args], logFile: at(`${name}.log`) });
    started.push(spawned);
    return spawned;
  };
  const token = randomBytes(16).toString('hex');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  await writeFile(at('sa.pub'), publicKey);
  await writeFile(at('sa.key'), privateKey);
  const countedToken = randomBytes(16).toString('hex');
  await writeFile(
    at('tokens.csv'),
    `${token},admin,admin,system:masters\n${countedToken},${COUNTED_USER},cutover,system:masters\n`,
  );
  await writeFile(at('audit-policy.json'), JSON.stringify(AUDIT_POLICY));
  const url = `https://127.0.0.1:${apiPort}`;
  await writeFile(at('kubeconfig'), kubeconfigFor(url, token));
  await writeFile(at('counted-kubeconfig'), kubeconfigFor(url, countedToken));
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const etcd = await start(parts.etcd, 'etcd', [
    `--data-dir=${at('etcd')}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ]);
  const startApiserver = () =>
    start(parts.apiserver, 'kube-apiserver', [
      `--etcd-servers=${etcdUrl}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${apiPort}`,
      `--cert-dir=${at('certificates')}`,
      `--token-auth-file=${at('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${at('sa.pub')}`,
      `--service-account-signing-key-file=${at('sa.key')}`,
      '--service-cluster-ip-range=10.0.0.0/16',
      '--disable-admission-plugins=ServiceAccount',
      // etcd 3.4 cannot tell how far it is, which clients that list by a watch would wait for.
      '--feature-gates=WatchList=false',
      `--audit-policy-file=${at('audit-policy.json')}`,
      `--audit-log-path=${at('audit.log')}`,
    ]);
  const startControllers = async () => {
    const kubeconfig = `--kubeconfig=${at('kubeconfig')}`;
    return [
      await start(parts.controllerManager, 'kube-controller-manager', [
        kubeconfig,
        `--service-account-private-key-file=${at('sa.key')}`,
        '--leader-elect=false',
        '--secure-port=0',
        // kwok and the controllers would fight over the nodes' leases.
        '--node-monitor-grace-period=24h',
        '--kube-api-qps=200',
        '--kube-api-burst=400',
      ]),
      await start(parts.scheduler, 'kube-scheduler', [kubeconfig, '--leader-elect=false', '--secure-port=0']),
      await start(parts.kwok, 'kwok', [
        kubeconfig,
        '--manage-all-nodes=true',
        `--server-address=127.0.0.1:${kwokPort}`,
        ...parts.stages.map((file) => `--config=${file}`),
      ]),
    ];
  };
  let controllers: SpawnedProcess[] = [];
  // Not checked: the certificate is made by the server itself when it starts.
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const plane: ControlPlane = {
    kubeconfig: at('kubeconfig'),
    countedKubeconfig: at('counted-kubeconfig'),
    requests: async () => (await readFile(at('audit.log'), 'utf8')).trimEnd().split('\n').length,
    url,
    token,
    parts,
    etcd,
    apiserver: await startApiserver(),
    folder: folder.path,
    async restartApiserver() {
      await plane.apiserver.stop(20_000);
      plane.apiserver = await startApiserver();
      await untilReady(plane);
      // Left alone, they would look for it again only after up to two minutes.
      for (const controller of controllers) controller.kill('SIGKILL');
      await Promise.all(controllers.map((controller) => controller.exited));
      controllers = await startControllers();
    },
    api: (method, path, body, contentType) => call(agent, plane, { method, path, body, contentType }),
    async stop() {
      agent.destroy();
      // Its clients first, so that they do not fill their logs.
      for (const spawned of started.reverse()) spawned.kill('SIGKILL');
      await Promise.all(started.map((spawned) => spawned.exited));
      await folder.remove();
    },
  };
  try {
    await untilReady(plane);
    controllers = await startControllers();
    for (const name of ['node-1', 'node-2']) await plane.api('POST', '/api/v1/nodes', nodeNamed(name));
    await untilNodesReady(plane);
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

/** Started when it can be; `requirePart('kubernetes', openControlPlane)`. */
export async function openControlPlane(): Promise<ControlPlane> {
  return startControlPlane(await controlPlaneParts(tellStderr));
}

export function kubeconfigFor(url: string, token: string, namespace = 'default'): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
  };
  return JSON.stringify(config);
}

function nodeNamed(name: string): object {
  const resources = { cpu: '64', memory: '256Gi', pods: '1000' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name }, annotations: { 'kwok.x-k8s.io/node': 'fake' } },
    status: { allocatable: resources, capacity: resources },
  };
}

async function untilReady(plane: ControlPlane): Promise<void> {
  await patiently('the API server to be ready', () => plane.api('GET', '/readyz?timeout=1s').then(() => true));
}

async function untilNodesReady(plane: ControlPlane): Promise<void> {
  interface Nodes {
    items: { status?: { conditions?: { type: string; status: string }[] } }[];
  }
  await patiently('its nodes to be ready', async () => {
    const { items } = await plane.api<Nodes>('GET', '/api/v1/nodes');
    const isReady = ({ status }: Nodes['items'][number]) =>
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
    return items.length > 0 && items.every(isReady);
  });
}

async function patiently(what: string, condition: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + READY_LIMIT_MS;
  let reason = 'not yet';
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > limit) throw new Error(`waited in vain for ${what}: ${reason}`);
    await sleep(100);
  }
}

interface Call {
  method: string;
  path: string;
  body: unknown;
  contentType: string | undefined;
}

function call<T>(agent: Agent, { url, token }: ControlPlane, { method, path, body, contentType }: Call): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
    };
    const sent = request(`${url}${path}`, { method, headers, agent, timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers['content-type']?.includes('json') === true;
        if ((response.statusCode ?? 500) < 300) resolve((isJson ? JSON.parse(text) : text) as T);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 500)}`));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer`)));
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
