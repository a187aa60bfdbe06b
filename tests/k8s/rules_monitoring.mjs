// Prometheus rules and Grafana dashboards: promtool takes them, every metric and
// label is one that is exported, every alert is tested and has its page in the
// runbook.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { parse, stringify } from "yaml";
import { NAMESPACE, bytes, here, id, maxmemory, ofKind, workloads } from "./objects.mjs";

const RUNBOOK = "k8s/RUNBOOK.md";
const runbook = readFileSync(resolve(here, "../..", RUNBOOK), "utf8");
const testFiles = readdirSync(join(here, "alerts")).map((file) => [file, readFileSync(join(here, "alerts", file), "utf8")]);
// What Prometheus adds to all that it is told by a pod (see podmonitors.yaml).
const TARGET = ["job", "namespace", "pod", "container", "endpoint", "instance", "service"];
// The PodMonitor of our pods, as Prometheus names its targets.
const JOB = `job="${NAMESPACE}/rostrum"`;
// Of others: the database operator, the kubelet, Prometheus itself. Name to {labels, matcher}.
const foreign = new Map(Object.entries(parse(readFileSync(join(here, "foreign_metrics.yaml"), "utf8")))
  .flatMap(([matcher, metrics]) => Object.entries(metrics).map(([name, labels]) => [name, { labels, matcher }])));

const rulesOf = (object) => object.spec.groups.flatMap((group) => group.rules);
const alertsOf = (objects) => ofKind(objects, "PrometheusRule").flatMap((object) =>
  rulesOf(object).filter((rule) => rule.alert).map((rule) => ({ where: `${id(object)}: ${rule.alert}`, ...rule })));

// A PrometheusRule for promtool. The overlay says where the runbook is read; tests name it
// by its path.
const rulesFile = ({ spec }) => stringify(spec, (key, value) => (key === "runbook_url" ? value.replace(/^[^#]*/, RUNBOOK) : value));

// Runs promtool in a folder of these files: what it said if it was not pleased. Once for all
// overlays with the same rules, since the tests take most of a minute.
const answers = new Map();
function promtool(args, files) {
  const key = JSON.stringify([args, files]);
  if (!answers.has(key)) answers.set(key, askPromtool(args, files));
  return answers.get(key);
}
function askPromtool(args, files) {
  const folder = mkdtempSync(join(tmpdir(), "rostrum-promtool-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { status, error, stdout, stderr } = spawnSync("promtool", args, { cwd: folder, encoding: "utf8" });
    if (error) throw error;
    return status === 0 ? "" : `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function* dashboardsOf(objects) {
  for (const object of ofKind(objects, "ConfigMap")) {
    if (!object.metadata.labels?.grafana_dashboard) continue;
    for (const [file, text] of Object.entries(object.data)) yield { where: `${id(object)}: ${file}`, text };
  }
}

// As Grafana would fill them in.
const filled = (expression) => expression.replaceAll("$__rate_interval", "1m").replaceAll("$service", ".+");

// All expressions: {where, expr}.
function* expressions(objects) {
  for (const object of ofKind(objects, "PrometheusRule")) {
    for (const rule of rulesOf(object)) yield { where: `${id(object)}: ${rule.alert ?? rule.record}`, expr: rule.expr };
  }
  for (const { where, text } of dashboardsOf(objects)) {
    const { panels, templating } = JSON.parse(text);
    for (const { name, type, query } of templating?.list ?? []) {
      // What is not label_values(SELECTOR, LABEL) is no expression, as promtool says.
      if (type === "query") yield { where: `${where}: $${name}`, expr: query.query.replace(/^label_values\((.+), \w+\)$/s, "$1") };
    }
    for (const panel of panels) {
      for (const target of panel.targets ?? []) yield { where: `${where}: ${panel.title}`, expr: filled(target.expr) };
    }
  }
}

// The metrics of our binaries, to the labels they have.
function own(metrics) {
  const known = new Map();
  for (const { name, type, labels } of Object.values(metrics).flat()) {
    const all = [...labels, ...TARGET];
    if (type !== "histogram") known.set(name, all);
    else for (const [suffix, more] of [["_bucket", ["le"]], ["_sum", []], ["_count", []]]) known.set(name + suffix, [...all, ...more]);
  }
  return known;
}

// Metric names to the labels they have.
function exported(objects, metrics) {
  const known = new Map([...foreign].map(([name, { labels }]) => [name, [...labels, ...TARGET]]));
  for (const [name, labels] of own(metrics)) known.set(name, labels);
  for (const object of ofKind(objects, "PrometheusRule")) {
    for (const { record, expr } of rulesOf(object)) if (record) known.set(record, use(expr).grouped);
  }
  return known;
}

// What an expression asks for: {selectors: [{name, labels, matchers}], grouped: labels}.
function use(expr) {
  const selectors = [];
  const grouped = new Set();
  const textOf = (node) => expr.slice(node.from, node.to);
  parser.parse(expr).iterate({
    enter({ node }) {
      if (node.name === "VectorSelector") {
        const labels = [];
        const matchers = [];
        node.cursor().iterate((inner) => {
          if (inner.name === "LabelName") labels.push(textOf(inner));
          if (inner.name.endsWith("LabelMatcher")) matchers.push(textOf(inner));
        });
        selectors.push({ name: textOf(node.firstChild), labels, matchers });
      }
      if (node.name === "GroupingLabels") node.getChildren("LabelName").forEach((label) => grouped.add(textOf(label)));
    },
  });
  return { selectors, grouped: [...grouped] };
}

export const monitoringRules = {
  *"promtool takes every expression"(objects) {
    for (const object of ofKind(objects, "PrometheusRule")) {
      const said = promtool(["check", "rules", "rules.yaml"], { "rules.yaml": stringify(object.spec) });
      if (said) yield `${id(object)}: ${said}`;
    }
    const rules = [...expressions(objects)].map(({ expr }, number) => ({ record: `expression_${number}`, expr }));
    if (rules.length === 0) return;
    const said = promtool(["check", "rules", "rules.yaml"], { "rules.yaml": stringify({ groups: [{ name: "all", rules }] }) });
    if (said) yield `an expression: ${said}`;
  },

  *"metrics and labels are exported"(objects, { metrics }) {
    const known = exported(objects, metrics);
    for (const { where, expr } of expressions(objects)) {
      const { selectors, grouped } = use(expr);
      if (selectors.length === 0) yield `${where}: asks for no metric`;
      for (const { name, labels } of selectors) {
        if (!known.has(name)) { yield `${where}: nobody exports ${name}`; continue; }
        for (const label of labels) if (!known.get(name).includes(label)) yield `${where}: ${name} has no label ${label}`;
      }
      const all = selectors.flatMap(({ name }) => known.get(name) ?? []);
      for (const label of grouped) if (!all.includes(label)) yield `${where}: nothing there has a label ${label}`;
    }
  },

  // Others in the cluster have an http_requests_total too, process_ metrics anyway, and perhaps
  // databases of the same operator.
  *"our metrics are asked of our pods"(objects, { metrics }) {
    const ours = own(metrics);
    const jobs = ofKind(objects, "PodMonitor").map(({ metadata }) => `job="${NAMESPACE}/${metadata.name}"`);
    for (const { where, expr } of expressions(objects)) {
      for (const { name, matchers } of use(expr).selectors) {
        const wanted = ours.has(name) ? JOB : foreign.get(name)?.matcher;
        if (wanted && !matchers.includes(wanted)) yield `${where}: ${name} is not asked by ${wanted}`;
        if (wanted?.startsWith("job=") && !jobs.includes(wanted)) yield `${where}: no PodMonitor is ${wanted}`;
      }
    }
    // "All" as an expression of its own would be all there are, whoever they belong to.
    for (const { where, text } of dashboardsOf(objects)) {
      for (const { name, allValue } of JSON.parse(text).templating?.list ?? []) {
        if (allValue) yield `${where}: $${name} stands for ${allValue}`;
      }
    }
  },

  *"alerts say whom they call and what to do"(objects, { overlay }) {
    const alerts = alertsOf(objects);
    const sections = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    for (const { where, alert, labels, annotations } of alerts) {
      if (!["page", "ticket"].includes(labels?.severity)) yield `${where}: severity ${labels?.severity}`;
      if (labels?.app !== "rostrum") yield `${where}: app ${labels?.app}`;
      for (const part of ["summary", "description"]) if (!annotations?.[part]) yield `${where}: no ${part}`;
      const [page, section] = (annotations?.runbook_url ?? "").split("#");
      if (page !== RUNBOOK && !page.startsWith("https://") || section !== alert.toLowerCase()) yield `${where}: its runbook is ${annotations?.runbook_url}`;
      // A path is no link where it is shown, beside an alert.
      if (page === RUNBOOK && overlay.production) yield `${where}: nobody can follow ${page}`;
      if (!sections.includes(alert)) yield `${where}: ${RUNBOOK} has no section on it`;
    }
    if (alerts.length === 0) return;
    for (const name of sections) if (!alerts.some(({ alert }) => alert === name)) yield `${RUNBOOK}: ${name} is no alert`;
  },

  *"alerts fire when they should, and only then"(objects) {
    const rules = ofKind(objects, "PrometheusRule");
    if (rules.length === 0) return;
    const tests = testFiles.flatMap(([, text]) => parse(text).tests).flatMap((test) => test.alert_rule_test ?? []);
    const untested = alertsOf(objects).flatMap(({ where, alert }) => {
      const mine = tests.filter((test) => test.alertname === alert);
      return [...(mine.some((test) => test.exp_alerts?.length > 0) ? [] : [`${where}: no test has it fire`]),
        ...(mine.some((test) => !test.exp_alerts?.length) ? [] : [`${where}: no test has it stay silent`])];
    });
    yield* untested;
    if (untested.length > 0) return;
    const files = Object.fromEntries([...testFiles, ...rules.map((object) => [`${object.metadata.name}.yaml`, rulesFile(object)])]);
    const said = promtool(["test", "rules", ...testFiles.map(([file]) => file)], files);
    if (said) yield `promtool: ${said}`;
  },

  // One that is renewed in time never comes as close to its end.
  *"certificates are reported if they are not renewed"(objects) {
    for (const certificate of ofKind(objects, "Certificate")) {
      const { isCA, renewBefore } = certificate.spec;
      const name = isCA ? "AuthorityIsNotRenewed" : "CertificateIsNotRenewed";
      const [, number, unit] = /< (\d+) \* (\d+)$/.exec(alertsOf(objects).find(({ alert }) => alert === name)?.expr.trim()) ?? [];
      const hours = number * unit / 3600;
      if (number && !(Number.parseInt(renewBefore, 10) > hours)) yield `${id(certificate)}: ${name} fires at ${hours} h, it is renewed at ${renewBefore}`;
    }
  },

  // It measures by the container's limit, and Redis refuses what is new at its maxmemory.
  *"Redis is reported before it is full"(objects) {
    const { expr } = alertsOf(objects).find(({ alert }) => alert === "RedisFillsUp") ?? {};
    const redis = workloads(objects).find(({ name }) => name === "redis-state");
    if (!expr || !redis) return;
    const reported = Number(/> ([\d.]+)$/.exec(expr.trim())?.[1]) * bytes(redis.pod.containers[0].resources.limits.memory);
    const most = maxmemory(objects, redis);
    if (!(reported < 0.9 * bytes(most))) yield `redis-state: RedisFillsUp fires at ${Math.floor(reported / 1024 ** 2)} MiB, its maxmemory is ${most}`;
  },

  *"dashboards are whole"(objects) {
    const uids = new Set();
    for (const { where, text } of dashboardsOf(objects)) {
      let board;
      try {
        board = JSON.parse(text);
      } catch (error) {
        yield `${where}: ${error.message}`;
        continue;
      }
      if (!board.uid || uids.has(board.uid)) yield `${where}: its uid ${board.uid} is not its own`;
      uids.add(board.uid);
      const ids = new Set();
      const taken = new Set();
      for (const { id: panel, title, type, targets, gridPos } of board.panels) {
        if (!title || ids.has(panel)) yield `${where}: panel ${panel} has no title, or another's id`;
        ids.add(panel);
        if (type !== "row" && !targets?.length) yield `${where}: ${title} shows nothing`;
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            if (taken.has(`${x} ${y}`)) { yield `${where}: ${title} lies over another panel`; x = y = Infinity; } else taken.add(`${x} ${y}`);
          }
        }
        if (gridPos.x + gridPos.w > 24) yield `${where}: ${title} is wider than the page`;
      }
    }
  },
};
