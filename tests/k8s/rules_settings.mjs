// Settings and certificates, against what the binaries say of themselves.
import { basename } from "node:path";
import { environment, filesOf, named, ofKind, ours, portsOf, secrets, servers } from "./objects.mjs";

// Read by libpq, not by us.
const OF_LIBPQ = ["PGSSLMODE", "PGSSLROOTCERT"];
const PORT_OF = { LISTEN: ["grpc", "http"], HEALTH_LISTEN: ["health"], ADMIN_LISTEN: ["metrics"] };

// The paths of all files that a container sees.
function* pathsOf(objects, { pod }, made) {
  for (const mount of pod.containers[0].volumeMounts ?? []) {
    const volume = pod.volumes.find((each) => each.name === mount.name) ?? {};
    for (const [path, origin] of filesOf(objects, volume, secrets(objects, made))) yield [`${mount.mountPath}/${path}`, origin];
  }
}

// The setting that a variable gives: itself, or what stands in the file it names.
function settingOf(known, variable) {
  return known.find((each) => each.name === variable) ??
    known.find((each) => `${each.name}_FILE` === variable);
}

export const settingRules = {
  *"settings are known"(objects, { settings }) {
    for (const { name, pod } of ours(objects)) {
      const [container] = pod.containers;
      const known = settings[basename(container.command[0])];
      if (!known) { yield `${name}: no program ${container.command[0]}`; continue; }
      for (const variable of Object.keys(environment(objects, container))) {
        if (!OF_LIBPQ.includes(variable) && !settingOf(known, variable)) yield `${name}: ${variable} is no setting of it`;
      }
    }
  },

  *"required settings are given"(objects, { settings }) {
    for (const { name, pod } of servers(objects)) {
      const [container] = pod.containers;
      const known = settings[basename(container.command[0])] ?? [];
      const given = environment(objects, container);
      for (const { name: setting, required } of known) {
        if (required && !given[setting] && !given[`${setting}_FILE`]) yield `${name}: ${setting} is not set`;
        if (setting in given && `${setting}_FILE` in given) yield `${name}: ${setting} and ${setting}_FILE are both set`;
      }
    }
    for (const { name, pod } of ours(objects)) {
      if (!environment(objects, pod.containers[0]).PG_URL_FILE && name !== "gateway") yield `${name}: PG_URL is not set`;
    }
  },

  *"what is secret comes from a file"(objects, { settings }) {
    for (const { name, pod } of ours(objects)) {
      const [container] = pod.containers;
      const known = settings[basename(container.command[0])] ?? [];
      for (const [variable, value] of Object.entries(environment(objects, container))) {
        const setting = settingOf(known, variable);
        if (setting?.secret && variable === setting.name) yield `${name}: ${variable} stands in a ConfigMap`;
        if (/:\/\/[^/]*:[^/]*@/.test(value)) yield `${name}: ${variable} holds a password`;
      }
    }
  },

  *"files of settings are mounted"(objects, { made }) {
    for (const workload of ours(objects)) {
      const paths = new Map(pathsOf(objects, workload, made));
      for (const [variable, value] of Object.entries(environment(objects, workload.pod.containers[0]))) {
        if ((variable.endsWith("_FILE") || variable === "PGSSLROOTCERT") && !paths.has(value)) {
          yield `${workload.name}: ${variable}: nothing is mounted at ${value}`;
        }
      }
    }
  },

  *"it listens where its ports are"(objects) {
    for (const { name, pod } of servers(objects)) {
      const ports = portsOf(pod);
      const given = environment(objects, pod.containers[0]);
      for (const [setting, names] of Object.entries(PORT_OF)) {
        const port = names.map((each) => ports[each]).find(Boolean);
        const wanted = port && `0.0.0.0:${port}`;
        if (given[setting] !== wanted) yield `${name}: ${setting} is ${given[setting]}, its port ${wanted}`;
      }
    }
  },

  *"each server has its own certificate"(objects, { made }) {
    for (const workload of servers(objects)) {
      const { name } = workload;
      const certificate = named(objects, "Certificate", name)?.spec;
      if (!certificate) { yield `${name}: no Certificate`; continue; }
      const hosts = ofKind(objects, "Service").filter((service) => service.spec.selector["app.kubernetes.io/name"] === name)
        .flatMap(({ metadata }) => [metadata.name, `${metadata.name}.${metadata.namespace}`,
          `${metadata.name}.${metadata.namespace}.svc`, `${metadata.name}.${metadata.namespace}.svc.cluster.local`]);
      for (const host of hosts) {
        if (!certificate.dnsNames.includes(host)) yield `${name}: its certificate does not name ${host}`;
      }
      if (String(certificate.uris) !== `spiffe://rostrum/${name}`) yield `${name}: its certificate is for ${certificate.uris}`;
      for (const usage of ["server auth", "client auth"]) {
        if (!certificate.usages.includes(usage)) yield `${name}: its certificate is not for ${usage}`;
      }
      // Before 1.18 cert-manager keeps every request for ever, one each 112 hours.
      if (!certificate.revisionHistoryLimit) yield `${name}: the requests for its certificate pile up`;
      const issuer = named(objects, certificate.issuerRef.kind, certificate.issuerRef.name);
      if (!named(objects, "Certificate", issuer?.spec.ca?.secretName)?.spec.isCA) yield `${name}: nobody issues its certificate`;
      const folder = environment(objects, workload.pod.containers[0]).TLS_DIR;
      const paths = new Map(pathsOf(objects, workload, made));
      for (const file of ["tls.crt", "tls.key", "ca.crt"]) {
        // While the authority changes, whom to believe is said apart (component authorities).
        const origin = paths.get(`${folder}/${file}`);
        const apart = file === "ca.crt" && origin?.startsWith("ConfigMap/authorities");
        if (!apart && origin !== `Secret/${certificate.secretName}`) yield `${name}: ${folder}/${file} is not of its certificate`;
      }
    }
  },
};
