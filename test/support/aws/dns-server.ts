/** A real authoritative name server on 127.0.0.1, over UDP: weighted record sets answer in proportion, as Route 53 does. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, type StringAnswer } from 'dns-packet';
import { plainName } from './route53-sets.ts';

export interface DnsServer {
  /** `127.0.0.1:5353` */
  address: string;
  port: number;
  /** Questions that came, as `A checkout.example.com`. */
  questions: string[];
  /** Answers from now on what is true now, until `follow`. */
  lag(): void;
  follow(): void;
  /** Serves something else than the truth, until it ends. */
  serve(changed: (sets: readonly ResourceRecordSet[]) => readonly ResourceRecordSet[]): { end(): void };
  /** Takes questions and answers none. */
  silence(isSilent: boolean): void;
  stop(): Promise<void>;
}

/** What the server's zones hold; names under other zones have no answer. */
export type Truth = () => readonly ResourceRecordSet[];

export async function startDnsServer(truth: Truth): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const questions: string[] = [];
  let frozen: readonly ResourceRecordSet[] | null = null;
  let changed = (sets: readonly ResourceRecordSet[]) => sets;
  let isSilent = false;

  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    const query = decode(message);
    const [question] = query.questions ?? [];
    if (question === undefined || isSilent) return;
    questions.push(`${question.type} ${question.name}`);
    const answers = answersTo(changed(frozen ?? truth()), plainName(question.name), question.type);
    const packet = {
      type: 'response',
      id: query.id,
      flags: AUTHORITATIVE_ANSWER,
      questions: [question],
      answers,
    } satisfies Packet;
    socket.send(encode(packet), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    questions,
    lag() {
      frozen = [...truth()];
    },
    follow() {
      frozen = null;
    },
    serve(change) {
      changed = change;
      return {
        end() {
          changed = (sets) => sets;
        },
      };
    },
    silence(value) {
      isSilent = value;
    },
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

const MOST_ALIASES = 4;

function answersTo(sets: readonly ResourceRecordSet[], name: string, type: string, depth = 0): Answer[] {
  const fitting = sets.filter((set) => plainName(set.Name ?? '') === name && set.Type === type);
  const chosen = choose(fitting);
  if (chosen === undefined) return [];
  const { AliasTarget: alias, ResourceRecords: records = [], TTL: ttl = 60 } = chosen;
  if (alias !== undefined && depth < MOST_ALIASES) {
    return answersTo(sets, plainName(alias.DNSName ?? ''), type, depth + 1).map((answer) => ({ ...answer, name }));
  }
  return records.map(({ Value = '' }) => answerOf(name, type, ttl, Value));
}

function answerOf(name: string, type: string, ttl: number, value: string): Answer {
  const common = { name: name.replace(/\.$/, ''), ttl, class: 'IN' as const };
  if (type === 'TXT') return { ...common, type, data: [...value.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text) };
  return { ...common, type: type as StringAnswer['type'], data: value.replace(/\.$/, '') };
}

/** Those without weight are all there is; where all weigh nothing, all count alike. */
function choose(sets: readonly ResourceRecordSet[]): ResourceRecordSet | undefined {
  const total = sets.reduce((sum, { Weight = 0 }) => sum + Weight, 0);
  if (total === 0) return sets[Math.floor(Math.random() * sets.length)];
  let left = Math.random() * total;
  return sets.find(({ Weight = 0 }) => {
    left -= Weight;
    return left < 0;
  });
}
