// What every pod has. Each rule yields a line for each thing that is wrong.
import { component, environment, id, named, NAME, ofKind, ours, portsOf, selects, servers, VERSION, workloads } from "./objects.mjs";

const seconds = (text) => {
  const [, number, unit] = /^(\d+)(s|m)$/.exec(text ?? "") ?? [];
  return unit === "m" ? number * 60 : Number(number);
};

export const podRules = {
  // A scaler keeps its minimum by itself, and an apply would set its work back.
  *"two replicas at least"(objects) {
    for (const { object, name } of servers(objects)) {
      const { replicas } = object.spec;
      const scaler = ofKind(objects, "HorizontalPodAutoscaler").find(({ spec }) => spec.scaleTargetRef.name === name);
      if (!scaler && !(replicas >= 2)) yield `${name}: replicas ${replicas}`;
      if (scaler && replicas !== undefined) yield `${name}: an apply would take back what its scaler gave`;
      if (scaler && !(scaler.spec.minReplicas >= 2)) yield `${name}: scaled down to ${scaler.spec.minReplicas}`;
    }
  },

  *"a rollout takes none away"(objects) {
    for (const { object, name } of servers(objects)) {
      const { type, rollingUpdate } = object.spec.strategy ?? {};
      if (type !== "RollingUpdate" || rollingUpdate?.maxUnavailable !== 0 || rollingUpdate?.maxSurge !== 1) {
        yield `${name}: not RollingUpdate with maxUnavailable 0 and maxSurge 1`;
      }
    }
  },

  // A client of gRPC looks a name up again when a connection breaks, no more than every 5 s,
  // and DNS may answer what was true 30 s ago. If all pods that it then hears of are gone, it
  // has none. Proxies before the gateway hear of pods without DNS.
  *"a new pod is known before an old one goes"(objects) {
    for (const workload of servers(objects)) {
      const { minReadySeconds = 0 } = workload.object.spec;
      const least = component(workload) === "gateway" ? 10 : 40;
      if (minReadySeconds < least) yield `${workload.name}: minReadySeconds ${minReadySeconds}, not ${least}`;
    }
  },

  // kLockTime of services/common/postgres/migrations.cc; past the deadline `rollout status` gives up.
  *"a rollout waits for its migration"(objects) {
    for (const { object, name } of servers(objects)) {
      const { progressDeadlineSeconds: deadline = 600 } = object.spec;
      if (!(deadline > 3600)) yield `${name}: given up after ${deadline} s, a migration may take 3600`;
    }
  },

  *"probes ask for health, and liveness for nothing else"(objects) {
    for (const workload of servers(objects)) {
      const [container] = workload.pod.containers;
      const ports = portsOf(workload.pod);
      const wanted = component(workload) === "gateway"
        ? { startupProbe: "/healthz at http", readinessProbe: "/readyz at http", livenessProbe: "/metrics at metrics" }
        : { startupProbe: "liveness", readinessProbe: "", livenessProbe: "liveness" };
      for (const [kind, what] of Object.entries(wanted)) {
        const probe = container[kind];
        if (component(workload) === "gateway") {
          const { path, port } = probe?.httpGet ?? {};
          const name = Object.keys(ports).find((each) => each === port || ports[each] === port);
          if (`${path} at ${name}` !== what) yield `${workload.name}: ${kind} is not GET ${what}`;
        } else if (!probe?.grpc || (probe.grpc.service ?? "") !== what || probe.grpc.port !== ports.health) {
          yield `${workload.name}: ${kind} is not grpc "${what}" at the port health`;
        }
      }
    }
  },

  *"what stays is probed"(objects) {
    for (const { name, pod } of workloads(objects).filter(({ object }) => object.kind !== "Job")) {
      for (const container of pod.containers) {
        for (const kind of ["startupProbe", "readinessProbe", "livenessProbe"]) {
          if (!container[kind]) yield `${name}: ${container.name} has no ${kind}`;
        }
      }
    }
  },

  *"probes' ports exist"(objects) {
    for (const { name, pod } of workloads(objects)) {
      const ports = portsOf(pod);
      for (const container of pod.containers) {
        for (const kind of ["startupProbe", "readinessProbe", "livenessProbe"]) {
          const probe = container[kind];
          const port = probe?.grpc?.port ?? probe?.httpGet?.port ?? probe?.tcpSocket?.port;
          if (port !== undefined && !(port in ports) && !Object.values(ports).includes(port)) {
            yield `${name}: ${kind} asks at ${port}, which no container has`;
          }
        }
      }
    }
  },

  *"there is time to end"(objects) {
    for (const { name, pod } of servers(objects)) {
      const [container] = pod.containers;
      const sleep = container.lifecycle?.preStop?.sleep?.seconds;
      const drain = seconds(environment(objects, container).DRAIN_TIMEOUT);
      if (!(sleep >= 5)) yield `${name}: no preStop sleep of 5 s`;
      if (!(pod.terminationGracePeriodSeconds >= sleep + drain + 5)) {
        yield `${name}: ${pod.terminationGracePeriodSeconds} s are too few for a sleep of ${sleep} s and ${drain} s of draining`;
      }
    }
  },

  *"requests, a limit of memory, none of CPU"(objects) {
    const containers = workloads(objects).flatMap(({ name, pod }) => pod.containers.map(({ resources }) => ({ name, resources })));
    // The operator's pods, and the plugin's container in them.
    const made = [
      ...ofKind(objects, "Cluster").map((object) => ({ name: id(object), resources: object.spec.resources })),
      ...ofKind(objects, "Pooler").map((object) => ({ name: id(object), resources: object.spec.template.spec.containers[0].resources })),
      ...ofKind(objects, "ObjectStore").map((object) => ({ name: id(object), resources: object.spec.instanceSidecarConfiguration?.resources })),
    ];
    for (const { name, resources } of [...containers, ...made]) {
      if (!resources?.requests?.cpu || !resources.requests.memory) yield `${name}: no requests of CPU and memory`;
      if (!resources?.limits?.memory) yield `${name}: no limit of memory`;
      if (resources?.limits?.cpu) yield `${name}: a limit of CPU`;
    }
  },

  *"no privileges"(objects) {
    for (const { object, name, pod } of workloads(objects)) {
      const security = pod.securityContext ?? {};
      if (security.runAsNonRoot !== true || !(security.runAsUser > 0)) yield `${name}: may run as root`;
      if (security.seccompProfile?.type !== "RuntimeDefault") yield `${name}: seccomp is not RuntimeDefault`;
      if (pod.hostNetwork || pod.hostPID || pod.hostIPC) yield `${name}: uses the host's namespaces`;
      if ((pod.volumes ?? []).some((volume) => volume.hostPath)) yield `${name}: a folder of the host`;
      for (const { securityContext: own = {}, ports = [] } of [...pod.containers, ...(pod.initContainers ?? [])]) {
        if (own.allowPrivilegeEscalation !== false || own.privileged) yield `${name}: may gain privileges`;
        if (own.readOnlyRootFilesystem !== true) yield `${name}: may write to its root`;
        if (String(own.capabilities?.drop) !== "ALL" || own.capabilities.add) yield `${name}: keeps capabilities`;
        if (own.runAsUser === 0 || own.runAsNonRoot === false) yield `${name}: runs as root`;
        if (ports.some((port) => port.hostPort)) yield `${name}: a port of the host`;
      }
      if (ours([object]).length && (security.runAsUser !== 65532 || security.runAsGroup !== 65532)) {
        yield `${name}: not 65532, the image's user`;
      }
    }
  },

  *"no token of the API server"(objects) {
    for (const { name, pod } of workloads(objects)) {
      if (pod.automountServiceAccountToken !== false) yield `${name}: gets a service account's token`;
    }
    for (const account of ofKind(objects, "ServiceAccount")) {
      if (account.automountServiceAccountToken !== false) yield `${id(account)}: hands out its token`;
    }
    for (const { name, pod } of ours(objects)) {
      if (!named(objects, "ServiceAccount", pod.serviceAccountName)) yield `${name}: no service account of its own`;
    }
  },

  *"spread over zones and hosts"(objects) {
    for (const { name, labels, pod } of servers(objects)) {
      for (const key of ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]) {
        const found = (pod.topologySpreadConstraints ?? []).find((each) => each.topologyKey === key);
        if (!found) yield `${name}: not spread over ${key}`;
        else if (!selects(found.labelSelector, labels)) yield `${name}: spreads others than itself over ${key}`;
        else if (!found.matchLabelKeys?.includes(NAME) && found.labelSelector.matchLabels?.[NAME] !== labels[NAME]) {
          yield `${name}: counts other services' pods over ${key}`;
        } else if (found.nodeTaintsPolicy !== "Honor") yield `${name}: waits for nodes that take no pods over ${key}`;
      }
    }
  },

  // By itself glibc waits 5 seconds, twice, for each of the names that it tries.
  *"a look-up that nobody answers ends soon"(objects) {
    for (const { name, pod } of ours(objects)) {
      const options = Object.fromEntries((pod.dnsConfig?.options ?? []).map((each) => [each.name, Number(each.value)]));
      if (!(options.timeout * options.attempts <= 2)) yield `${name}: waits for DNS for ${options.timeout ?? 5} s, ${options.attempts ?? 2} times`;
    }
  },

  *"labels say what it is"(objects) {
    for (const { name, labels } of ours(objects)) {
      for (const key of ["name", "component", "part-of", "version"]) {
        if (!labels[`app.kubernetes.io/${key}`]) yield `${name}: no label ${key} on its pods`;
      }
    }
  },

  *"images are pinned"(objects, { overlay }) {
    for (const workload of workloads(objects)) {
      for (const { image } of workload.pod.containers) {
        const pinned = /@sha256:[0-9a-f]{64}$/.test(image);
        const tag = /:([\w.-]+)$/.exec(image)?.[1];
        if (!pinned && (!tag || tag === "latest")) yield `${workload.name}: ${image} has no tag`;
        if (overlay.production && ours([workload.object]).length && !pinned) yield `${workload.name}: ${image} has no digest`;
      }
    }
  },

  *"all run one release"(objects) {
    const images = new Set(ours(objects).map(({ pod }) => pod.containers[0].image));
    const versions = new Set(ours(objects).map(({ labels }) => labels[VERSION]));
    if (images.size > 1) yield `different images: ${[...images].join(", ")}`;
    if (versions.size > 1) yield `different versions: ${[...versions].join(", ")}`;
    const [version] = versions;
    for (const job of ofKind(objects, "Job")) {
      if (!job.metadata.name.endsWith(`-${String(version).replaceAll(".", "-")}`)) {
        yield `${id(job)}: not named after the release ${version}, so it would not run again`;
      }
      const [container] = job.spec.template.spec.containers;
      const tag = /:([\w.-]+)$/.exec(container.image.split("@")[0])?.[1];
      if (tag && tag !== version) yield `${id(job)}: image ${tag}, release ${version}`;
    }
  },

  // The API server refuses the next release where a field cannot be changed; and a
  // store starts anew if its pods are labelled with the release.
  *"a release can follow another"(objects) {
    for (const { object, name, labels } of workloads(objects)) {
      if (VERSION in (object.spec.selector?.matchLabels ?? {})) yield `${name}: selects by the release, which cannot be changed`;
      if (object.kind !== "StatefulSet") continue;
      if (VERSION in labels) yield `${name}: starts anew with each release`;
      for (const claim of object.spec.volumeClaimTemplates ?? []) {
        if (VERSION in (claim.metadata.labels ?? {})) yield `${name}: the release is in its claims, which cannot be changed`;
      }
    }
  },

  *"each database has its migration"(objects) {
    for (const cluster of ofKind(objects, "Cluster")) {
      const { owner } = cluster.spec.bootstrap.initdb ?? cluster.spec.bootstrap.recovery;
      const job = ofKind(objects, "Job").find((each) =>
        each.spec.template.spec.containers[0].command.join(" ") === `/usr/local/bin/rostrum-${owner} migrate`);
      if (!job) yield `${id(cluster)}: no Job migrates it`;
      else if (!job.spec.template.spec.volumes.some((volume) =>
        volume.projected?.sources.some((source) => source.secret?.name === `${cluster.metadata.name}-app`))) {
        yield `${id(job)}: has not the URI of ${cluster.metadata.name}`;
      } else if (!(job.spec.backoffLimit >= 10) || job.spec.template.spec.restartPolicy !== "OnFailure") {
        yield `${id(job)}: does not wait for the database`;
      }
    }
  },
};
