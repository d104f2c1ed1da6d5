export { deployment, deploymentLease as deployment_lease } from './deployment.ts';
