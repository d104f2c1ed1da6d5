/** What every AWS test stands on: a moto of its own behind a proxy, and the environment that leads the SDK there. */
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { startMoto } from './moto.ts';

export const REGION = 'eu-west-1';

export interface AwsStage {
  /** To moto itself: what a test sets up, or somebody else does, is no call of Cutover's. */
  direct: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  proxy: FaultProxy;
  /** Of processes that are to reach moto through the proxy; this one has it already. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Never the machine's own credentials, and never its metadata service. */
const CREDENTIALS = { accessKeyId: 'AKIDTESTTESTTEST', secretAccessKey: 'test-secret-key' };

/** Stands right before moto, and is as strict as AWS where moto is not. */
export interface Rules {
  url: string;
  stop(): Promise<void>;
}

/** With `rules`, what a test sets up passes them too. */
export async function openAwsStage(startRules?: (url: string) => Promise<Rules>): Promise<AwsStage> {
  const moto = await startMoto();
  const rules = await startRules?.(moto.url);
  const url = rules?.url ?? moto.url;
  const proxy = await startFaultProxy(url);
  const env = {
    AWS_ENDPOINT_URL: proxy.url,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  Object.assign(process.env, env);
  return {
    direct: { region: REGION, endpoint: url, credentials: CREDENTIALS },
    proxy,
    env,
    async stop() {
      await proxy.stop();
      await rules?.stop();
      await moto.stop();
    },
  };
}
