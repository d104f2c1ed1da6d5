/** A server that answers what the test says, and remembers what it was asked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Listening, listen } from '../../../support/prometheus.ts';

export interface Asked {
  query: string;
  /** Seconds. */
  time: string;
  headers: IncomingMessage['headers'];
}

export interface FakeServer extends Listening {
  asked: Asked[];
  /** What is answered from now on. */
  answer: (response: ServerResponse, query: string) => void;
}

export async function startFake(answer: FakeServer['answer']): Promise<FakeServer> {
  const asked: Asked[] = [];
  const listening = await listen((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
    if (pathname !== '/api/v1/query') return void response.writeHead(404).end('page not found');
    const query = searchParams.get('query') ?? '';
    asked.push({ query, time: searchParams.get('time') ?? '', headers: request.headers });
    fake.answer(response, query);
  });
  const fake: FakeServer = { ...listening, asked, answer };
  return fake;
}

/** A vector: value per label set. */
export function vector(...elements: [labels: Record<string, string>, value: string][]) {
  const result = elements.map(([metric, value]) => ({ metric, value: [1, value] }));
  return success({ resultType: 'vector', result });
}

export function success(data: unknown, more: Record<string, unknown> = {}) {
  return (response: ServerResponse) => void response.end(JSON.stringify({ status: 'success', data, ...more }));
}

export function refusal(status: number, errorType: string, error: string, headers: Record<string, string> = {}) {
  return (response: ServerResponse) =>
    void response.writeHead(status, headers).end(JSON.stringify({ status: 'error', errorType, error }));
}
