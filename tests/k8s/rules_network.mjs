// The NetworkPolicies against the graph of k8s/graph.yaml.
import { BlockList, isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { NAMESPACE, environment, id, named, ofKind, pods, podsOfCluster, selects, servers } from "./objects.mjs";

const portsOfRule = (rule) => (rule.ports ?? [{ port: "every" }]).map(({ port, protocol = "TCP" }) =>
  protocol === "TCP" ? String(port) : `${port}/${protocol}`);

// All pods of the graph, those of jobs too: name to labels.
const podsIn = ({ pods: serving, jobs }) => ({ ...serving, ...jobs });

// The pods of the graph that this overlay has: name to labels.
function podsOfGraph(objects, graph) {
  const found = {};
  for (const [name, labels] of Object.entries(podsIn(graph))) {
    const pod = pods(objects).find((each) => selects({ matchLabels: labels }, each.labels));
    if (pod) found[name] = pod.labels;
  }
  return found;
}

// Whether all addresses of one ipBlock are in another.
function within({ cidr = "" }, { cidr: other }) {
  const [[address, length], [network, prefix]] = [cidr.split("/"), other.split("/")];
  if (!isIP(address) || isIP(address) !== isIP(network) || Number(length) < Number(prefix)) return false;
  const block = new BlockList();
  block.addSubnet(network, Number(prefix), `ipv${isIP(network)}`);
  return block.check(address, `ipv${isIP(address)}`);
}

// Whom a peer of a rule names: pods of ours, or others of the graph. An overlay may
// narrow addresses, and what is left may lie in several of them: each is a list of
// what it may be called.
function namesOfPeer(peer, known, graph) {
  if (!peer.namespaceSelector && !peer.ipBlock) {
    return Object.keys(known).filter((name) => selects(peer.podSelector, known[name])).map((name) => [name]);
  }
  const others = Object.entries(graph.others).filter(([, peers]) => [peers].flat(2).some((each) =>
    isDeepStrictEqual(each, peer) || (each.ipBlock && peer.ipBlock && within(peer.ipBlock, each.ipBlock))));
  return [others.length > 0 ? others.map(([name]) => name) : [`unknown ${JSON.stringify(peer)}`]];
}

// What the policies allow: "from > to : port" on the side of who is asked
// (ingress), and of who asks (egress).
function allowed(objects, graph, ought) {
  const known = podsOfGraph(objects, graph);
  const sides = { ingress: new Set(), egress: new Set() };
  for (const policy of ofKind(objects, "NetworkPolicy")) {
    const chosen = Object.keys(known).filter((name) => selects(policy.spec.podSelector, known[name]));
    for (const side of ["ingress", "egress"]) {
      if (!policy.spec.policyTypes.includes(side === "ingress" ? "Ingress" : "Egress")) continue;
      for (const rule of policy.spec[side] ?? []) {
        const peers = (side === "ingress" ? rule.from : rule.to) ?? [{ ipBlock: {} }];
        const names = peers.flatMap((peer) => namesOfPeer(peer, known, graph));
        for (const self of chosen) {
          for (const other of names) {
            // Serves nothing, so it does not matter who may reach it.
            if ((side === "ingress" ? self : other[0]) in graph.jobs) continue;
            for (const port of portsOfRule(rule)) {
              const edges = other.map((name) => (side === "ingress" ? `${name} > ${self} : ${port}` : `${self} > ${name} : ${port}`));
              sides[side].add(edges.find((edge) => ought[side].has(edge)) ?? edges[0]);
            }
          }
        }
      }
    }
  }
  return sides;
}

// What the graph says for this overlay.
function expected(objects, graph, components) {
  const known = podsOfGraph(objects, graph);
  const sides = { ingress: new Set(), egress: new Set() };
  for (const edge of graph.edges) {
    if (edge.component && !components.includes(edge.component)) continue;
    if (components.includes(edge.unless)) continue;
    for (const from of edge.from[0] === "*" ? Object.keys(known) : edge.from) {
      for (const to of edge.to) {
        for (const port of edge.ports) {
          if (to in graph.pods) sides.ingress.add(`${from} > ${to} : ${port}`);
          if (from in podsIn(graph)) sides.egress.add(`${from} > ${to} : ${port}`);
        }
      }
    }
  }
  return sides;
}

// Settings that are the address of somebody else, beside those of our services.
const ADDRESSES = ["SMTP_URL", "OTEL_EXPORTER_OTLP_ENDPOINT", "PAYMENT_WEBHOOK_URL"];
const DEFAULT_PORTS = { "http:": "80", "https:": "443", "smtp:": "25", "smtps:": "465" };

// The addresses that pods are told to call: {name, labels, setting, url}.
function* called(objects) {
  for (const { name, labels, pod } of servers(objects)) {
    const given = environment(objects, pod.containers[0]);
    for (const setting of ADDRESSES) if (given[setting]) yield { name, labels, setting, url: given[setting] };
  }
  for (const cluster of ofKind(objects, "Cluster")) {
    const stores = (cluster.spec.plugins ?? []).map(({ parameters }) => named(objects, "ObjectStore", parameters?.barmanObjectName));
    for (const url of stores.map((store) => store?.spec.configuration.endpointURL).filter(Boolean)) {
      for (const { name, labels } of podsOfCluster(cluster)) yield { name, labels, setting: "endpointURL", url };
    }
  }
}

// Whether the host may be whom a peer of a rule names: a Service of ours, one of another
// namespace ("name.namespace", "name.namespace.svc"), or a machine elsewhere.
function mayBe(objects, peer, host) {
  const [name, namespace = NAMESPACE, zone = "svc"] = host.split(".");
  const service = zone === "svc" && namespace === NAMESPACE && named(objects, "Service", name);
  if (!service) return "ipBlock" in peer || peer.namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"] === namespace;
  const behind = pods(objects).filter((pod) => selects({ matchLabels: service.spec.selector }, pod.labels));
  return !peer.ipBlock && !peer.namespaceSelector && behind.some(({ labels }) => selects(peer.podSelector, labels));
}

export const networkRules = {
  *"nothing is allowed unless it is said"(objects) {
    const denied = ofKind(objects, "NetworkPolicy").some(({ spec }) =>
      isDeepStrictEqual(spec.podSelector, {}) && spec.policyTypes.includes("Ingress") &&
      spec.policyTypes.includes("Egress") && !spec.ingress && !spec.egress);
    if (!denied) yield "no NetworkPolicy denies everything to everyone";
  },

  *"network policies are the service graph"(objects, { graph, overlay }) {
    const ought = expected(objects, graph, overlay.components);
    const is = allowed(objects, graph, ought);
    for (const side of ["ingress", "egress"]) {
      for (const edge of is[side]) if (!ought[side].has(edge)) yield `${side} allows ${edge}, which the graph does not know`;
      for (const edge of ought[side]) if (!is[side].has(edge)) yield `${side} lacks ${edge}`;
    }
  },

  *"every pod is in the graph"(objects, { graph }) {
    for (const pod of pods(objects)) {
      if (!Object.values(podsIn(graph)).some((labels) => selects({ matchLabels: labels }, pod.labels))) {
        yield `the pods of ${pod.name} are not in the graph`;
      }
    }
  },

  // TARGET settings are the other statement of who calls whom.
  *"targets are headless Services of the graph"(objects, { graph }) {
    for (const { name, pod } of servers(objects)) {
      const calls = graph.edges.filter((edge) => edge.from.includes(name) && edge.ports.includes(50051))
        .flatMap((edge) => edge.to);
      const targets = Object.entries(environment(objects, pod.containers[0])).filter(([key]) => key.endsWith("_TARGET"));
      for (const [key, value] of targets) {
        const [, host, port] = /^dns:\/\/\/([a-z-]+):(\d+)$/.exec(value) ?? [];
        const service = named(objects, "Service", host);
        const called = key.replace("_TARGET", "").toLowerCase();
        if (!service) yield `${name}: ${key}=${value} names no Service`;
        else if (service.spec.clusterIP !== "None") yield `${name}: ${key} is not headless, so one pod would get all calls`;
        else if (!service.spec.ports.some((each) => each.port === Number(port))) yield `${name}: ${key}: no port ${port}`;
        else if (!service.metadata.name.startsWith(`${called}-`)) yield `${name}: ${key} names ${host}`;
        if (!calls.includes(called)) yield `${name}: ${key} is set, but the graph has no such call`;
      }
      for (const called of calls) {
        if (!targets.some(([key]) => key === `${called.toUpperCase()}_TARGET`)) yield `${name}: calls ${called} without a target`;
      }
    }
  },

  // A NetworkPolicy sees the port of the pod that answers. A Service of others in front of it
  // may have another, which nobody can tell here.
  *"addresses in settings are let through"(objects) {
    for (const { name, labels, setting, url } of called(objects)) {
      if (!URL.canParse(url)) { yield `${name}: ${setting} is ${url}, no address`; continue; }
      const { hostname, port, protocol } = new URL(url);
      const wanted = port || DEFAULT_PORTS[protocol];
      const rules = ofKind(objects, "NetworkPolicy").filter(({ spec }) => spec.policyTypes.includes("Egress") && selects(spec.podSelector, labels))
        .flatMap(({ spec }) => spec.egress ?? []);
      const open = rules.some((rule) => portsOfRule(rule).includes(wanted) && (rule.to?.some((peer) => mayBe(objects, peer, hostname)) ?? true));
      if (!open) yield `${name}: no NetworkPolicy lets it to ${hostname}:${wanted} (${setting})`;
    }
  },

  *"two Services each, and they select pods"(objects) {
    const all = pods(objects);
    for (const service of ofKind(objects, "Service")) {
      const chosen = all.filter((pod) => selects({ matchLabels: service.spec.selector }, pod.labels));
      if (chosen.length !== 1) yield `${id(service)}: selects ${chosen.length} kinds of pods`;
      for (const port of service.spec.ports) {
        const target = port.targetPort ?? port.port;
        for (const pod of chosen) {
          if (!(target in pod.ports) && !Object.values(pod.ports).includes(target)) yield `${id(service)}: ${pod.name} has no port ${target}`;
          else if ((pod.ports[target] ?? target) !== port.port) yield `${id(service)}: port ${port.port} is ${pod.ports[target]} on the pod`;
        }
      }
    }
    for (const { name } of servers(objects)) {
      const headless = named(objects, "Service", `${name}-headless`);
      if (!named(objects, "Service", name) || named(objects, "Service", name).spec.clusterIP === "None") yield `${name}: no Service`;
      if (headless?.spec.clusterIP !== "None" || headless.spec.publishNotReadyAddresses) yield `${name}: no headless Service of ready pods`;
      // Dropped by the API server, so that every apply would change it again.
      else if ("publishNotReadyAddresses" in headless.spec) yield `${name}: its headless Service states a default`;
    }
  },
};
