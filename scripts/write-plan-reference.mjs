// Writes docs/plan-reference.md from the schema of plans, as built into dist/.
import { writeFileSync } from 'node:fs';
import { planReference } from '../dist/src/plan/schema/reference.js';

writeFileSync(new URL('../docs/plan-reference.md', import.meta.url), planReference());
