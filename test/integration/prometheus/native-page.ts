/** A page with one native histogram, as protocol buffers (https://github.com/prometheus/client_model): text has no such thing. */
import protobuf from 'protobufjs';
import { type Listening, listen } from '../../support/prometheus.ts';

const MODEL = `
syntax = "proto2";
message LabelPair { optional string name = 1; optional string value = 2; }
message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
message Histogram {
  optional uint64 sample_count = 1;
  optional double sample_sum = 2;
  optional sint32 schema = 5;
  optional double zero_threshold = 6;
  optional uint64 zero_count = 7;
  repeated BucketSpan positive_span = 12;
  repeated sint64 positive_delta = 13;
}
message Metric { repeated LabelPair label = 1; optional Histogram histogram = 7; }
message MetricFamily {
  optional string name = 1;
  optional string help = 2;
  optional uint32 type = 3;
  repeated Metric metric = 4;
}
`;
const HISTOGRAM_TYPE = 4;
/** Edges a factor of 2^(1/8) apart. */
const SCHEMA = 3;

export interface NativePage extends Listening {
  /** Counts `times` durations of `seconds`, all of which must lie in one bucket. */
  observe(seconds: number, times: number): void;
}

export async function startNativePage(name: string, labels: Record<string, string>): Promise<NativePage> {
  const family = protobuf.parse(MODEL, { keepCase: true }).root.lookupType('MetricFamily');
  let count = 0;
  let sum = 0;
  let index = 0;
  const page = await listen((_, response) => {
    const histogram = {
      sample_count: count,
      sample_sum: sum,
      schema: SCHEMA,
      zero_threshold: 1e-9,
      zero_count: 0,
      positive_span: [{ offset: index, length: 1 }],
      positive_delta: [count],
    };
    const label = Object.entries(labels).map(([key, value]) => ({ name: key, value }));
    const message = { name, help: 'Of the test.', type: HISTOGRAM_TYPE, metric: [{ label, histogram }] };
    const type = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';
    response.setHeader('content-type', type).end(family.encodeDelimited(message).finish());
  });
  return {
    ...page,
    observe(seconds, times) {
      index = Math.ceil(Math.log2(seconds) * 2 ** SCHEMA);
      count += times;
      sum += times * seconds;
    },
  };
}
