#!/usr/bin/env node
import process from 'node:process';
import { main } from '../dist/src/client/cli.js';

// The AWS SDK's advice on Node versions is no business of who reads a deployment's status.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

await main(process.argv.slice(2));
