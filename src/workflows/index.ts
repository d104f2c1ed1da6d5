export { deployment } from './deployment.ts';
