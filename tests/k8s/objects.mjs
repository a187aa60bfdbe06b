// Kubernetes objects, as the rules look at them.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

// This folder. Debian 12's Node has no import.meta.dirname.
export const here = dirname(fileURLToPath(import.meta.url));

export const NAMESPACE = "rostrum";
export const COMPONENT = "app.kubernetes.io/component";
export const NAME = "app.kubernetes.io/name";
export const VERSION = "app.kubernetes.io/version";

export const id = (object) => `${object.kind}/${object.metadata?.name}`;
export const ofKind = (objects, ...kinds) => objects.filter((object) => kinds.includes(object.kind));
export const named = (objects, kind, name) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);

// What runs pods, with the pods' labels and spec beside it.
export function workloads(objects) {
  return ofKind(objects, "Deployment", "StatefulSet", "Job").map((object) => ({
    object,
    name: object.metadata.name,
    labels: object.spec.template.metadata?.labels ?? {},
    pod: object.spec.template.spec,
  }));
}
export const component = (workload) => workload.labels[COMPONENT];
// The five services and the gateway.
export const servers = (objects) =>
  workloads(objects).filter((each) => ["service", "gateway"].includes(component(each)));
// All that runs a program of ours.
export const ours = (objects) =>
  workloads(objects).filter((each) => ["service", "gateway", "migration"].includes(component(each)));

// Whether a label selector (matchLabels, matchExpressions) takes these labels.
export function selects(selector, labels) {
  const byLabels = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return byLabels && (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
    switch (operator) {
      case "In": return values.includes(labels[key]);
      case "NotIn": return !values.includes(labels[key]);
      case "Exists": return key in labels;
      case "DoesNotExist": return !(key in labels);
      default: throw new Error(`operator ${operator}`);
    }
  });
}

export const ISSUER = "cert-manager.io/cluster-issuer";

// What the pods of CloudNativePG's jobs do: they make the first instance of a cluster, a
// further one, and the first out of a backup (a label in place of cnpg.io/podRole).
const JOB_ROLES = ["initdb", "join", "full-recovery"];

// The pods of a database cluster, as the operator labels them.
export function podsOfCluster({ metadata: { name } }) {
  return [
    { name, labels: { "cnpg.io/cluster": name, "cnpg.io/podRole": "instance" }, ports: { postgresql: 5432, metrics: 9187, status: 8000 } },
    ...JOB_ROLES.map((role) => ({ name: `${name}-${role}`, labels: { "cnpg.io/cluster": name, "cnpg.io/jobRole": role }, ports: {} })),
  ];
}

// Every pod there will be, with the labels it has: those of the workloads, those of the
// database clusters and their poolers, which the operator labels, and cert-manager's that
// answers for an Ingress.
export function pods(objects) {
  const instances = ofKind(objects, "Cluster").flatMap(podsOfCluster);
  for (const { metadata: { name }, spec } of ofKind(objects, "Pooler")) {
    const labels = { "cnpg.io/cluster": spec.cluster.name, "cnpg.io/podRole": "pooler", "cnpg.io/poolerName": name };
    instances.push({ name, labels, ports: { pgbouncer: 5432, metrics: 9127 } });
  }
  if (ofKind(objects, "Ingress").some(({ metadata }) => metadata.annotations?.[ISSUER])) {
    instances.push({ name: "acme-solver", labels: { "acme.cert-manager.io/http01-solver": "true" }, ports: { http: 8089 } });
  }
  return [...workloads(objects).map(({ name, labels, pod }) => ({ name, labels, ports: portsOf(pod) })), ...instances];
}

// Bytes of a quantity as Kubernetes ("1Gi"), PostgreSQL ("1GB") or Redis ("1gb") writes it.
export function bytes(text) {
  const [, number, unit] = /^([0-9.]+)([kmgt])(?:i|b)$/i.exec(text ?? "") ?? [];
  return Number(number) * 1024 ** (1 + "kmgt".indexOf(unit?.toLowerCase()));
}

// The lines of a Redis' configuration, and of them how much it may hold.
export function linesOfRedis(objects, { pod }) {
  const config = pod.volumes.find((volume) => volume.configMap)?.configMap.name;
  return (named(objects, "ConfigMap", config)?.data["valkey.conf"] ?? "").split("\n");
}
export const maxmemory = (objects, workload) =>
  linesOfRedis(objects, workload).find((line) => line.startsWith("maxmemory "))?.split(" ")[1];

// Port numbers by name.
export function portsOf(pod) {
  return Object.fromEntries(pod.containers.flatMap((container) =>
    (container.ports ?? []).map((port) => [port.name, port.containerPort])));
}

// The environment of a container: NAME to value, ConfigMaps included.
export function environment(objects, container) {
  const values = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    if (configMapRef) Object.assign(values, named(objects, "ConfigMap", configMapRef.name)?.data);
  }
  for (const { name, value } of container.env ?? []) values[name] = value;
  return values;
}

// How many connections a service has to its database at the most: those of all its
// replicas, and of one more while they roll, each with one more that asks for health.
export function connectionsOf(objects, name, settings) {
  const scaler = named(objects, "HorizontalPodAutoscaler", name);
  const server = servers(objects).find((each) => each.name === name);
  if (!scaler || !server) return 0;
  const pool = environment(objects, server.pod.containers[0]).PG_POOL ??
    settings[`rostrum-${name}`]?.find((each) => each.name === "PG_POOL")?.default;
  return (Number(pool) + 1) * (scaler.spec.maxReplicas + 1);
}

// The keys of each Secret that will be there: those in the overlay, those that
// External Secrets, cert-manager and the operator make, and those applied beside
// it. What is in the store is what k8s/secrets makes, and what is put there by hand.
export function secrets(objects, { applied = {}, stored = {} } = {}) {
  const keys = { ...applied };
  for (const object of ofKind(objects, "Secret")) {
    keys[object.metadata.name] = Object.keys({ ...object.data, ...object.stringData });
  }
  for (const object of ofKind(objects, "ExternalSecret")) {
    const { data = [], dataFrom = [], target } = object.spec;
    keys[target.name] = target.template ? Object.keys(target.template.data)
      : data.map((each) => each.secretKey).concat(dataFrom.flatMap(({ extract }) => stored[extract.key] ?? []));
  }
  for (const object of ofKind(objects, "Certificate")) {
    keys[object.spec.secretName] = ["tls.crt", "tls.key", "ca.crt"];
  }
  for (const object of ofKind(objects, "Cluster")) {
    keys[`${object.metadata.name}-app`] = ["username", "password", "dbname", "host", "port", "uri", "pgpass"];
    keys[`${object.metadata.name}-ca`] = ["ca.crt", "ca.key"];
  }
  return keys;
}

// The files that a volume shows: path to the Secret or ConfigMap it is from. What
// is not there is told to `missing`.
export function filesOf(objects, volume, keysOfSecrets, missing = () => {}) {
  const files = new Map();
  const add = (kind, name, items, keys) => {
    if (!keys) return missing(`${kind} ${name} is nowhere`);
    for (const { key, path } of items ?? keys.map((key) => ({ key, path: key }))) {
      if (keys.includes(key)) files.set(path, `${kind}/${name}`);
      else missing(`${kind} ${name} has no key ${key}`);
    }
  };
  const configMap = (source) => {
    const found = named(objects, "ConfigMap", source.name);
    add("ConfigMap", source.name, source.items, found && Object.keys(found.data ?? {}));
  };
  if (volume.secret) add("Secret", volume.secret.secretName, volume.secret.items, keysOfSecrets[volume.secret.secretName]);
  if (volume.configMap) configMap(volume.configMap);
  for (const source of volume.projected?.sources ?? []) {
    if (source.secret) add("Secret", source.secret.name, source.secret.items, keysOfSecrets[source.secret.name]);
    if (source.configMap) configMap(source.configMap);
  }
  return files;
}
