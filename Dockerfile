# The worker, and every other program of Cutover: `docker run IMAGE status checkout`.
FROM node:20.20.2-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY src ./src
COPY bench ./bench
COPY test/support ./test/support
COPY examples ./examples
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20.20.2-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/bin ./bin
COPY --from=build /app/dist ./dist
USER node
ENV CUTOVER_METRICS_ADDRESS=0.0.0.0:9464
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=8s --start-period=20s --retries=3 CMD ["node", "dist/src/worker/health.js"]
ENTRYPOINT ["node", "bin/cutover.js"]
CMD ["worker"]
