// What stands between a service and its database, and what hands it the way there.
import { NAMESPACE, connectionsOf, id, named, ofKind, secrets, selects, pods, servers } from "./objects.mjs";

// The object that makes the Secret in which a server finds PG_URL.
function urlOf(objects, server) {
  const sources = server.pod.volumes.flatMap((volume) => volume.projected?.sources ?? []);
  const { secret } = sources.find((source) => source.secret?.items?.some(({ path }) => path === "PG_URL")) ?? {};
  return ofKind(objects, "ExternalSecret").find(({ spec }) => spec.target.name === secret?.name);
}

export const poolerRules = {
  *"poolers stand before databases"(objects, { settings }) {
    for (const pooler of ofKind(objects, "Pooler")) {
      const { name } = pooler.metadata;
      const { cluster: { name: database }, instances, pgbouncer, type } = pooler.spec;
      const cluster = named(objects, "Cluster", database);
      if (!cluster) { yield `${id(pooler)}: no Cluster ${database}`; continue; }
      if (named(objects, "Cluster", name)) yield `${id(pooler)}: has the name of a Cluster`;
      // The services' sessions have parameters and prepared statements of their own.
      if (type !== "rw" || pgbouncer.poolMode !== "session") yield `${id(pooler)}: ${type} by ${pgbouncer.poolMode}, not rw by session`;
      if (!(instances >= 2)) yield `${id(pooler)}: ${instances} instances`;
      if (pgbouncer.parameters.client_tls_sslmode !== "require") yield `${id(pooler)}: takes plaintext`;
      for (const host of [name, `${name}.${NAMESPACE}`, `${name}.${NAMESPACE}.svc`]) {
        if (!cluster.spec.certificates?.serverAltDNSNames?.includes(host)) yield `${id(cluster)}: its certificate does not name ${host}`;
      }
      const labels = pods(objects).find((pod) => pod.labels["cnpg.io/poolerName"] === name).labels;
      const budget = ofKind(objects, "PodDisruptionBudget").find(({ spec }) => selects(spec.selector, labels));
      if (budget?.spec.maxUnavailable !== 1) yield `${id(pooler)}: no PodDisruptionBudget with maxUnavailable 1`;
      const { owner } = cluster.spec.bootstrap.initdb ?? cluster.spec.bootstrap.recovery;
      const wanted = connectionsOf(objects, owner, settings);
      const together = instances * pgbouncer.parameters.default_pool_size;
      const most = cluster.spec.postgresql.parameters.max_connections - 10;
      // A connection stays with the pooler that took it: while one is away, and until the
      // services' connections have grown old, the others have them all.
      const left = (instances - 1) * pgbouncer.parameters.default_pool_size;
      if (left < wanted) yield `${id(pooler)}: with one away, ${left} connections to the database are too few for ${wanted} of ${owner}`;
      if (together > most) yield `${id(pooler)}: ${together} connections to the database are more than ${most}`;
      if (!(pgbouncer.parameters.max_client_conn >= wanted)) yield `${id(pooler)}: turns some of ${wanted} connections of ${owner} away`;
      const server = servers(objects).find((each) => each.name === owner);
      const uri = server && urlOf(objects, server)?.spec.target.template?.data.uri;
      if (!uri?.includes(`@${name}:5432/`)) yield `${owner}: goes past ${id(pooler)}`;
    }
  },

  // External Secrets may read what it is to read in our namespace, and only that.
  *"the store in the namespace is opened as far as needed"(objects, { made }) {
    const known = secrets(objects, made);
    for (const store of ofKind(objects, "SecretStore")) {
      const { auth, remoteNamespace } = store.spec.provider.kubernetes;
      const asked = ofKind(objects, "ExternalSecret")
        .filter(({ spec }) => spec.secretStoreRef.kind === "SecretStore" && spec.secretStoreRef.name === store.metadata.name)
        .flatMap(({ spec }) => spec.dataFrom.map(({ extract }) => extract.key));
      const roles = ofKind(objects, "RoleBinding")
        .filter(({ subjects }) => subjects.some(({ name, namespace }) => name === auth.serviceAccount.name && namespace === NAMESPACE))
        .map(({ roleRef }) => named(objects, roleRef.kind, roleRef.name));
      const open = roles.flatMap((role) => role?.rules ?? []).flatMap(({ resourceNames = ["*"], verbs }) =>
        resourceNames.map((name) => `${name} ${verbs}`));
      if (remoteNamespace !== NAMESPACE) yield `${id(store)}: reads the namespace ${remoteNamespace}`;
      if (!named(objects, "ServiceAccount", auth.serviceAccount.name)) yield `${id(store)}: no ServiceAccount ${auth.serviceAccount.name}`;
      for (const key of asked) {
        if (!known[key]) yield `${id(store)}: Secret ${key} is nowhere`;
        if (!open.includes(`${key} get`)) yield `${id(store)}: may not get ${key}`;
      }
      for (const each of open) if (!asked.some((key) => each === `${key} get`)) yield `${id(store)}: may also ${each}`;
    }
  },
};
