// What one object says of another must be there.
import { ISSUER, NAMESPACE, bytes, connectionsOf, filesOf, id, linesOfRedis, maxmemory, named, ofKind, pods, secrets, selects, servers, workloads } from "./objects.mjs";

const HASHED = /-[a-z0-9]{10}$/;
const CLUSTER_WIDE = ["Namespace"];

function* backendsOf(object) {
  for (const rule of object.spec.rules ?? []) {
    for (const backend of rule.backendRefs ?? []) yield { name: backend.name, port: backend.port };
    for (const path of rule.http?.paths ?? []) {
      const { name, port } = path.backend.service;
      yield { name, port: port.number ?? port.name };
    }
  }
}

// Whether streams may last: paths under /live have no time limit on requests. Pictures and
// assets have that of the gateway (write_most in gateway/http/server.h).
function* streamLimits(objects) {
  for (const route of ofKind(objects, "HTTPRoute")) {
    const rules = route.spec.rules.filter((rule) => rule.backendRefs);
    if (rules.length === 0) continue;
    const ruleOf = (prefix) => rules.find((rule) => rule.matches?.some(({ path }) => path?.value === prefix));
    const live = ruleOf("/live");
    if (live?.timeouts?.request !== "0s") yield `${id(route)}: cuts streams under /live`;
    for (const prefix of ["/v1/media", "/assets"]) {
      const [, minutes] = /^(\d+)m$/.exec(ruleOf(prefix)?.timeouts?.request ?? "") ?? [];
      if (!(minutes > 15)) yield `${id(route)}: cuts what is under ${prefix} on slow lines`;
    }
    if (rules.some((rule) => rule !== live && !rule.timeouts?.request)) yield `${id(route)}: a rule without a time limit`;
  }
  const ingresses = ofKind(objects, "Ingress");
  const live = ingresses.filter((each) => each.spec.rules.some((rule) => rule.http.paths.some(({ path }) => path === "/live")));
  if (ingresses.length > 0 && live.length === 0) yield "no Ingress for the streams under /live";
  for (const ingress of live) {
    const limit = Number(ingress.metadata.annotations?.["nginx.ingress.kubernetes.io/proxy-read-timeout"]);
    if (!(limit >= 600)) yield `${id(ingress)}: cuts streams under /live`;
  }
}

// The Secrets and keys that an object store names, whichever cloud it is in.
const credentialsOf = ({ spec: { configuration } }) =>
  ["s3Credentials", "googleCredentials", "azureCredentials"]
    .flatMap((cloud) => Object.values(configuration[cloud] ?? {})).filter((each) => each.name);

export const referenceRules = {
  *"the namespace is restricted, and all is in it"(objects) {
    const namespace = named(objects, "Namespace", NAMESPACE);
    if (namespace?.metadata.labels?.["pod-security.kubernetes.io/enforce"] !== "restricted") {
      yield `namespace ${NAMESPACE} does not enforce pod-security restricted`;
    }
    for (const object of objects) {
      if (!CLUSTER_WIDE.includes(object.kind) && object.metadata.namespace !== NAMESPACE) {
        yield `${id(object)}: in namespace ${object.metadata.namespace}`;
      }
    }
  },

  *"nothing is there twice"(objects) {
    const seen = new Set();
    for (const object of objects) {
      const key = `${object.apiVersion} ${id(object)}`;
      if (seen.has(key)) yield `${key} is there twice`;
      seen.add(key);
    }
  },

  *"no disruption takes more than one"(objects) {
    for (const budget of ofKind(objects, "PodDisruptionBudget")) {
      if (!pods(objects).some((pod) => selects(budget.spec.selector, pod.labels))) yield `${id(budget)}: selects no pods`;
    }
    for (const { name, labels } of workloads(objects).filter((each) => each.object.kind !== "Job" && !/^mail$/.test(each.name))) {
      const budget = ofKind(objects, "PodDisruptionBudget").find((each) => selects(each.spec.selector, labels));
      if (budget?.spec.maxUnavailable !== 1) yield `${name}: no PodDisruptionBudget with maxUnavailable 1`;
      else if (pods(objects).filter((pod) => selects(budget.spec.selector, pod.labels)).length !== 1) {
        yield `${id(budget)}: counts other pods too`;
      }
    }
  },

  *"scaling up is quick, down slow"(objects) {
    const scalers = ofKind(objects, "HorizontalPodAutoscaler");
    for (const scaler of scalers) {
      const { kind, name, apiVersion } = scaler.spec.scaleTargetRef;
      const target = named(objects, kind, name);
      if (!target || target.apiVersion !== apiVersion) yield `${id(scaler)}: no ${kind} ${name}`;
      if (!(scaler.spec.minReplicas >= 2 && scaler.spec.maxReplicas > scaler.spec.minReplicas)) yield `${id(scaler)}: not from 2 up`;
      const { scaleDown } = scaler.spec.behavior ?? {};
      if (!(scaleDown?.stabilizationWindowSeconds >= 300)) yield `${id(scaler)}: scales down at once`;
      if (!scaleDown?.policies?.every((policy) => policy.type === "Pods" && policy.value === 1)) yield `${id(scaler)}: gives up several pods at once`;
      const { limits, requests } = target?.spec.template.spec.containers[0].resources ?? {};
      if (limits && !requests?.cpu) yield `${id(scaler)}: measures CPU that nobody requests`;
    }
    for (const { name } of servers(objects)) {
      if (!scalers.some((scaler) => scaler.spec.scaleTargetRef.name === name)) yield `${name}: is not scaled`;
    }
  },

  *"volumes show what is there"(objects, { made }) {
    const keys = secrets(objects, made);
    for (const { object, name, pod } of workloads(objects)) {
      const missing = [];
      const claims = (object.spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata.name);
      const volumes = new Set((pod.volumes ?? []).map((volume) => volume.name).concat(claims));
      for (const volume of pod.volumes ?? []) filesOf(objects, volume, keys, (what) => missing.push(what));
      for (const what of missing) yield `${name}: ${what}`;
      for (const mount of pod.containers.flatMap((container) => container.volumeMounts ?? [])) {
        if (!volumes.has(mount.name)) yield `${name}: no volume ${mount.name}`;
      }
    }
  },

  // A Secret that the store cannot fill is never made, and what mounts it never starts.
  *"the store has what is asked of it"(objects, { made }) {
    const mounted = workloads(objects).flatMap(({ pod }) => (pod.volumes ?? []).flatMap((volume) =>
      [volume.secret?.secretName, ...(volume.projected?.sources ?? []).map((source) => source.secret?.name)]));
    const stores = ofKind(objects, "ObjectStore");
    const read = [...mounted, ...stores.flatMap((store) => credentialsOf(store).map(({ name }) => name))];
    for (const object of ofKind(objects, "ExternalSecret")) {
      const { data, dataFrom = [], secretStoreRef, target } = object.spec;
      const ofPlatform = secretStoreRef.kind === "ClusterSecretStore" ? dataFrom : [];
      if (data) yield `${id(object)}: asks for single keys, and one that is not there holds up all`;
      for (const { extract } of ofPlatform) if (!(extract.key in made.stored)) yield `${id(object)}: nobody puts ${extract.key} into the store`;
      if (!read.includes(target.name)) yield `${id(object)}: nothing reads ${target.name}`;
    }
    const known = secrets(objects, made);
    for (const store of stores) {
      for (const { name, key } of credentialsOf(store)) {
        if (!known[name]?.includes(key)) yield `${id(store)}: no ${key} in a Secret ${name}`;
      }
    }
  },

  *"configuration is hashed"(objects) {
    for (const { name, pod } of workloads(objects)) {
      const refs = pod.containers.flatMap((container) => (container.envFrom ?? []).map((each) => each.configMapRef?.name))
        .concat((pod.volumes ?? []).map((volume) => volume.configMap?.name)).filter(Boolean);
      for (const ref of refs) {
        if (!named(objects, "ConfigMap", ref)) yield `${name}: no ConfigMap ${ref}`;
        else if (!HASHED.test(ref)) yield `${name}: ConfigMap ${ref} could change under running pods`;
      }
    }
  },

  *"secrets are files"(objects, { overlay }) {
    for (const { name, pod } of workloads(objects)) {
      for (const container of pod.containers) {
        if ((container.envFrom ?? []).some((each) => each.secretRef)) yield `${name}: a Secret in the environment`;
        for (const { name: key, valueFrom } of container.env ?? []) {
          if (valueFrom?.secretKeyRef) yield `${name}: ${key} is a secret in the environment`;
        }
      }
    }
    if (overlay.production && ofKind(objects, "Secret").length > 0) yield "a plain Secret in production";
  },

  *"routes end at Services"(objects) {
    for (const route of ofKind(objects, "HTTPRoute", "Ingress")) {
      for (const { name, port } of backendsOf(route)) {
        const service = named(objects, "Service", name);
        if (!service?.spec.ports.some((each) => each.port === port || each.name === port)) yield `${id(route)}: no port ${port} of a Service ${name}`;
      }
    }
  },

  // The authority asks over HTTP, and cert-manager answers where the certificate is.
  *"the site has a certificate"(objects) {
    const ingresses = ofKind(objects, "Ingress");
    for (const secret of new Set(ingresses.flatMap(({ spec }) => (spec.tls ?? []).map((each) => each.secretName)))) {
      const asking = ingresses.filter(({ metadata, spec }) =>
        metadata.annotations?.[ISSUER] && spec.tls?.some((each) => each.secretName === secret));
      const given = ofKind(objects, "Certificate").filter(({ spec }) => spec.secretName === secret);
      if (asking.length + given.length !== 1) yield `${secret}: asked for ${asking.length + given.length} times`;
    }
    for (const gateway of ofKind(objects, "Gateway").filter(({ metadata }) => metadata.annotations?.[ISSUER])) {
      const itself = { "kubernetes.io/metadata.name": gateway.metadata.namespace };
      const issuer = named(objects, "ClusterIssuer", gateway.metadata.annotations[ISSUER]);
      if (!issuer?.spec.acme.solvers.some(({ http01 }) => http01?.gatewayHTTPRoute?.parentRefs?.some(({ name, namespace, sectionName }) =>
        name === gateway.metadata.name && namespace === gateway.metadata.namespace &&
        gateway.spec.listeners.some((listener) => listener.protocol === "HTTP" && listener.name === sectionName)))) {
        yield `${id(gateway)}: its issuer does not answer challenges at its listener of HTTP`;
      }
      for (const { protocol, allowedRoutes } of gateway.spec.listeners) {
        const { from = "Same", selector = {} } = allowedRoutes?.namespaces ?? {};
        if (protocol === "HTTP" && from === "Selector" && !selects(selector, itself)) {
          yield `${id(gateway)}: its listener of HTTP does not admit the answer to a challenge`;
        }
      }
    }
  },

  *"streams are not cut"(objects) { yield* streamLimits(objects); },

  *"monitors find pods"(objects) {
    for (const monitor of ofKind(objects, "PodMonitor")) {
      const found = pods(objects).filter((pod) => selects(monitor.spec.selector, pod.labels));
      if (found.length === 0) yield `${id(monitor)}: selects no pods`;
      for (const { port } of monitor.spec.podMetricsEndpoints) {
        for (const pod of found) if (!(port in pod.ports)) yield `${id(monitor)}: ${pod.name} has no port ${port}`;
      }
    }
  },

  *"databases keep what was acknowledged"(objects, { overlay, settings }) {
    for (const cluster of ofKind(objects, "Cluster")) {
      const { spec } = cluster;
      const { owner } = spec.bootstrap.initdb ?? spec.bootstrap.recovery;
      const wanted = connectionsOf(objects, owner, settings);
      const connections = Number(spec.postgresql.parameters.max_connections);
      // Reserved: 3 for superusers, the operator's own, a migration.
      if (wanted > connections - 10) yield `${id(cluster)}: ${wanted} connections of its service are too many for ${connections}`;
      const { max_wal_size: log, max_slot_wal_keep_size: kept } = spec.postgresql.parameters;
      if (!(bytes(log) + bytes(kept) < bytes(spec.walStorage?.size))) {
        yield `${id(cluster)}: a log of ${log}, and ${kept} kept for replicas, may fill a volume of ${spec.walStorage?.size}`;
      }
      if (spec.instances > 1 && spec.affinity?.podAntiAffinityType !== "required") yield `${id(cluster)}: two instances may be on one machine`;
      if (spec.enablePDB === false) yield `${id(cluster)}: no PodDisruptionBudget`;
      if (spec.monitoring?.enablePodMonitor) yield `${id(cluster)}: enablePodMonitor is deprecated`;
      if (spec.backup?.barmanObjectStore) yield `${id(cluster)}: barmanObjectStore is gone; the plugin does it`;
      if (spec.bootstrap.recovery) {
        const { source } = spec.bootstrap.recovery;
        const from = spec.externalClusters?.find((each) => each.name === source)?.plugin?.parameters;
        const to = spec.plugins?.find((each) => each.isWALArchiver)?.parameters;
        if (!from?.serverName || !named(objects, "ObjectStore", from.barmanObjectName)) yield `${id(cluster)}: recovers from no archive`;
        else if ((to?.serverName ?? cluster.metadata.name) === from.serverName) yield `${id(cluster)}: writes into the archive that it came from`;
      }
      if (!overlay.production) continue;
      if (spec.resources.requests.memory !== spec.resources.limits.memory) yield `${id(cluster)}: is ended first when its node is full`;
      if (!/:\d+\.\d+/.test(spec.imageName)) yield `${id(cluster)}: ${spec.imageName} is another one from node to node`;
      if (spec.instances < 3 || !(spec.postgresql.synchronous?.number >= 1)) yield `${id(cluster)}: what is acknowledged is on one machine`;
      if (spec.postgresql.synchronous?.failoverQuorum !== true) yield `${id(cluster)}: a standby that lacks what was acknowledged may be promoted`;
      const plugin = spec.plugins?.find((each) => each.isWALArchiver);
      if (!named(objects, "ObjectStore", plugin?.parameters?.barmanObjectName)) yield `${id(cluster)}: changes are archived nowhere`;
      const backup = ofKind(objects, "ScheduledBackup").find((each) => each.spec.cluster.name === cluster.metadata.name);
      if (backup?.spec.method !== "plugin" || backup.spec.pluginConfiguration?.name !== plugin?.name) yield `${id(cluster)}: no backup is scheduled`;
      else if (backup.spec.schedule.split(" ").length !== 6) yield `${id(backup)}: a schedule has six fields, seconds first`;
    }
    for (const backup of ofKind(objects, "ScheduledBackup")) {
      if (!named(objects, "Cluster", backup.spec.cluster.name)) yield `${id(backup)}: no Cluster ${backup.spec.cluster.name}`;
    }
  },

  *"redis-state keeps what it is told"(objects) {
    for (const workload of workloads(objects).filter((each) => each.name.startsWith("redis-"))) {
      const { object, name, pod } = workload;
      const lines = linesOfRedis(objects, workload);
      if (!lines.some((line) => line.startsWith("aclfile "))) yield `${name}: asks for no password`;
      if (name !== "redis-state") continue;
      // A rewrite of the log forks, and what is written meanwhile is there twice.
      const most = maxmemory(objects, workload);
      const { limits, requests } = pod.containers[0].resources;
      if (requests.memory !== limits.memory) yield `${name}: is ended first when its node is full`;
      if (!(bytes(most) * 2 <= bytes(limits.memory))) yield `${name}: ${most} of ${limits.memory} leave no room for a rewrite of the log`;
      if (!lines.includes("appendonly yes") || !lines.includes("maxmemory-policy noeviction")) yield `${name}: forgets`;
      if (!object.spec.volumeClaimTemplates?.some((claim) => claim.metadata.name === "data")) yield `${name}: has no disk`;
    }
  },
};
