// k8s/restore, with a kubectl that only writes down what it is told: the order of its steps,
// that a failure stops it, and that another run goes on from there.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { here } from "./objects.mjs";

const script = resolve(here, "../../k8s/restore");
const overlay = join(here, "overlays/restore");
const TIMES = { content: "2026-01-31T12:00:00Z", subscription: "latest" };

// $OTHER is the cluster that the overlay restores besides; "other" has the archive that it writes
// to, if there is one.
// The cluster is "old" until it is deleted, and "new" once the overlay is applied after that.
const STAND_IN = `#!/bin/bash
cd "$STAND_IN"
all="$*"
if [[ $1 == kustomize ]]; then cat rendered.yaml; exit; fi
case "$*" in
  *" get clusters.postgresql.cnpg.io $OTHER "*metadata.uid*) cat other 2>/dev/null || true ;;
  *" get clusters.postgresql.cnpg.io $OTHER "*serverName*) cat other 2>/dev/null || true ;;
  *" get clusters.postgresql.cnpg.io "*metadata.uid*) cat uid 2>/dev/null || true ;;
  *" get clusters.postgresql.cnpg.io "*serverName*) cat written 2>/dev/null || true ;;
  *" get deployment "*) cat mark 2>/dev/null || true ;;
  *" get secret "*-db-url*) printf 'postgresql://a:%s@pooler:5432/b' "$PASSED_ON" | base64 ;;
  *" get secret "*-db-app*) printf word | base64 ;;
  *" get backups.postgresql.cnpg.io "*) printf %s "$BACKUP" ;;
  *)
    [[ $* != *" apply -f -" ]] || cat >applied
    printf '%s\\n' "\${DEADLINE:+timeout $DEADLINE }$*" >>calls
    if [[ -n $FAIL_AT && $(wc -l <calls) == "$FAIL_AT" ]]; then exit 1; fi
    case "$*" in
      *" annotate deployment "*" --overwrite rostrum/restore="*) printf %s "\${all##*rostrum/restore=}" >mark ;;
      *" annotate deployment "*" rostrum/restore-") rm mark ;;
      *" delete clusters.postgresql.cnpg.io "*) rm uid ;;
      "apply "*-k*) [[ -e uid ]] || echo new >uid ;;
    esac ;;
esac
`;
// Has the stand-in write down the deadline too.
const TIMEOUT = `#!/bin/bash
DEADLINE=$1 exec "\${@:2}"
`;

// What changes something or waits for it, in this order.
const steps = (service, write, { uid = "old" } = {}) => {
  const k = "-n rostrum";
  const cluster = `${service}-db`;
  const apply = `apply -k ${overlay}`;
  return [
    `${k} annotate deployment ${service} --overwrite rostrum/restore=${write} ${TIMES[service]} ${uid}`,
    `${k} scale deployment ${service} --replicas=0`,
    `${k} wait --for=delete pod -l app.kubernetes.io/name=${service} --timeout=3m`,
    `${k} delete clusters.postgresql.cnpg.io ${cluster} --timeout=5m`,
    `${k} wait --for=delete pod,pvc -l cnpg.io/cluster=${cluster},cnpg.io/podRole!=pooler --timeout=40m`,
    apply,
    `${k} wait --for=condition=Ready clusters.postgresql.cnpg.io/${cluster} --timeout=12h`,
    `${k} annotate externalsecrets.external-secrets.io ${cluster}-url --overwrite force-sync=NOW`,
    `${k} delete job -l app.kubernetes.io/name=${service}-migrate --timeout=5m`,
    apply,
    `${k} wait --for=condition=Complete job -l app.kubernetes.io/name=${service}-migrate --timeout=70m`,
    ...(service === "subscription" ? [`${k} exec redis-state-0 -c server -- timeout 300 sh -c `] : []),
    `${k} delete backups.postgresql.cnpg.io ${write}-first --ignore-not-found --timeout=5m`,
    `${k} apply -f -`,
    `${k} scale deployment ${service} --replicas=2`,
    `${k} rollout status deployment ${service} --timeout=15m`,
    `timeout 5m ${k} exec deploy/${service} -c server -- /usr/local/bin/rostrum-${service} restored`,
    `${k} annotate deployment ${service} --overwrite rostrum/restore=${write} ${TIMES[service]} ${uid} restored`,
    `${k} annotate deployment ${service} rostrum/restore-`,
  ].filter((line) => uid !== "none" || !line.includes(" delete clusters."));
};

// A run with a folder of its own: status, what it said, the calls, each in one line, and the
// Backup that was applied.
function run(folder, args, environment = {}) {
  writeFileSync(join(folder, "calls"), "");
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, STAND_IN: folder, PASSED_ON: "word",
    OTHER: args.includes("content") ? "subscription-db" : "content-db", BACKUP: "completed", FAIL_AT: "", RESTORE_SECONDS: "0", ...environment };
  const { status, stdout, stderr } = spawnSync(script, args, { env, encoding: "utf8" });
  const calls = readFileSync(join(folder, "calls"), "utf8").replace(/force-sync=\d+/, "force-sync=NOW")
    .split("\n").filter((line) => /^(timeout \w+ )?(-n rostrum|apply) /.test(line)).map((line) => line.replace(/(sh -c ).*/, "$1"));
  const applied = join(folder, "applied");
  return { status, said: stdout + stderr, calls, backup: existsSync(applied) ? parse(readFileSync(applied, "utf8")) : undefined };
}

const differs = (is, ought) => (JSON.stringify(is) === JSON.stringify(ought) ? [] :
  [`it called\n    ${is.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join("\n    ")}`]);
const stops = ({ status, said, calls }, word, ought = []) =>
  [...(status === 1 && said.includes(word) ? [] : [`status ${status}: ${said}`]), ...differs(calls, ought)];

// {what, wrong} of each case.
export function* restoreCases(kubectl) {
  const rendered = execFileSync(kubectl, ["kustomize", overlay], { encoding: "utf8", maxBuffer: 64 << 20 });
  const inFolder = (act, { uid = "old", written = "", mark = "", other = "", text = rendered } = {}) => {
    const folder = mkdtempSync(join(tmpdir(), "rostrum-restore-"));
    try {
      writeFileSync(join(folder, "kubectl"), STAND_IN, { mode: 0o755 });
      writeFileSync(join(folder, "timeout"), TIMEOUT, { mode: 0o755 });
      for (const [name, content] of Object.entries({ uid, written, mark, other, "rendered.yaml": text })) {
        if (content) writeFileSync(join(folder, name), content);
      }
      return act(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const content = ["content", TIMES.content, overlay];
  const whole = steps("content", "content-db-2");
  // All that is repeated once the service is back.
  const end = whole.filter((line) => line.endsWith(" apply -f -") || line === whole.at(-1));

  for (const [service, ...archives] of [["content", "content-db", "content-db-2"], ["subscription", "subscription-db-2", "subscription-db-3"]]) {
    const file = join(overlay, `restore-${service}.yaml`);
    // Given the archives, or as they follow from what the cluster writes.
    for (const given of [archives, []]) {
      const { said } = inFolder((folder) => run(folder, ["--patch", service, TIMES[service], ...given]), { written: archives[0].replace(/^\w+-db$/, "") });
      yield { what: `prints ${file}`, wrong: said === readFileSync(file, "utf8") ? [] : [said] };
    }
  }
  yield { what: "names no archive while a restore is under way",
    wrong: inFolder((folder) => stops(run(folder, ["--patch", "content", "latest"]), "name READ and WRITE"), { mark: "content-db-2 latest old" }) };
  yield { what: "writes into no archive that it reads",
    wrong: inFolder((folder) => stops(run(folder, ["--patch", "content", "latest", "content-db-2", "content-db-2"]), "must not write")) };

  for (const [service, write] of [["content", "content-db-2"], ["subscription", "subscription-db-3"]]) {
    yield { what: `restores ${service} step by step`, wrong: inFolder((folder) => {
      const { status, said, calls, backup } = run(folder, [service, TIMES[service], overlay]);
      const plugin = "barman-cloud.cloudnative-pg.io";
      return [...(status === 0 ? [] : [said]), ...differs(calls, steps(service, write)), ...differs([backup], [{
        apiVersion: "postgresql.cnpg.io/v1", kind: "Backup", metadata: { name: `${write}-first` },
        spec: { cluster: { name: `${service}-db` }, method: "plugin", pluginConfiguration: { name: plugin } },
      }])];
    }) };
  }
  yield { what: "gives no new archive to a cluster whose restore is to come",
    wrong: inFolder((folder) => stops(run(folder, content), "until its turn comes"), { other: "subscription-db-2" }) };
  yield { what: "goes on beside a cluster that was restored before", wrong: inFolder((folder) =>
    differs(run(folder, content).calls, whole), { other: "subscription-db-3" }) };
  yield { what: "makes a cluster that is lost", wrong: inFolder((folder) =>
    differs(run(folder, content).calls, steps("content", "content-db-2", { uid: "none" })), { uid: "" }) };

  for (let at = 1; at <= whole.length; at += 1) {
    yield { what: `stops where "${whole[at - 1]}" fails, and goes on from there`, wrong: inFolder((folder) => {
      const first = run(folder, content, { FAIL_AT: String(at) });
      const second = run(folder, content);
      const deleted = at > 4;
      const rest = at === whole.length ? end : whole.filter((line) => !(at > 1 && line === whole[0]) && !(deleted && line === whole[3]) && !(at > 6 && line === whole[4]));
      return [...(first.status === 1 ? [] : [`status ${first.status}: ${first.said}`]), ...differs(first.calls, whole.slice(0, at)),
        ...(second.status === 0 ? [] : [second.said]), ...differs(second.calls, rest)];
    }) };
  }
  yield { what: "waits no longer than it may for the password", wrong: inFolder((folder) =>
    stops(run(folder, content, { PASSED_ON: "old" }), "describe externalsecrets.external-secrets.io content-db-url", whole.slice(0, 8))) };
  yield { what: "tells of a base backup that failed, and makes only that again", wrong: inFolder((folder) => [
    ...stops(run(folder, content, { BACKUP: "running" }), "the base backup is not completed", whole.slice(0, -1)),
    ...stops(run(folder, content, { BACKUP: "failed" }), "the base backup failed",
      [whole.find((line) => line.includes(" delete backups.")), end[0]]),
    ...differs(run(folder, content).calls, end),
  ]) };
  yield { what: "each wait has a deadline", wrong: whole.concat(steps("subscription", "subscription-db-3"))
    .filter((line) => / wait | rollout status | delete | exec /.test(line) && !/--timeout=\d+[mh]|\btimeout \d+/.test(line)) };

  yield { what: "applies with --server-side over what was changed by hand", wrong: inFolder((folder) =>
    differs(run(folder, ["--server-side", ...content]).calls, whole.map((line) => line.replace(/^apply /, "apply --server-side --force-conflicts ")))) };
  yield { what: "changes nothing with --dry-run", wrong: inFolder((folder) => {
    const { status, said, calls } = run(folder, ["--dry-run", ...content]);
    return [...(status === 0 && said.includes("+ kubectl -n rostrum delete clusters.postgresql.cnpg.io content-db") && said.includes(`+ kubectl apply -k ${overlay}`) ? [] : [said]), ...differs(calls, [])];
  }) };
  yield { what: "does not begin by another moment than the overlay's", wrong: inFolder((folder) =>
    stops(run(folder, ["content", "2026-01-31T13:00:00Z", overlay]), "does not bring content-db back")) };
  yield { what: "does not begin without a patch", wrong: inFolder((folder) =>
    stops(run(folder, ["feed", "latest", overlay]), "does not bring feed-db back")) };
  yield { what: "does not begin if the overlay was applied before", wrong: inFolder((folder) =>
    stops(run(folder, content), "writes to content-db-2 already"), { written: "content-db-2" }) };
  yield { what: "does not take one restore for another", wrong: inFolder((folder) =>
    stops(run(folder, content), "was begun for latest"), { uid: "new", written: "content-db-2", mark: "content-db-2 latest old" }) };
  yield { what: "does not forget countdowns in a Redis elsewhere", wrong: inFolder((folder) => [
    ...stops(run(folder, ["subscription", "latest", overlay]), "--countdowns-deleted"),
    ...differs(run(folder, ["--countdowns-deleted", "subscription", "latest", overlay]).calls,
      steps("subscription", "subscription-db-3").filter((line) => !line.includes("redis-state-0"))),
  ], { text: rendered.replaceAll("name: redis-state\n", "name: redis-elsewhere\n") }) };
}
