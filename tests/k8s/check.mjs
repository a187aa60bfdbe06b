// Checks the Kubernetes manifests without a cluster.
//
// usage: node check.mjs BUILD [OVERLAY...]
//
// BUILD has the binaries, which say what settings they know and what metrics they
// export. Renders every overlay, applies every rule to it, and then shows that each
// rule refuses something: a fixture is an overlay with one thing made wrong. The guides
// beside the manifests are read too, and k8s/restore is run on a stand-in. Given folders
// of overlays, in the tree or elsewhere, it checks these and nothing else.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { here, id } from "./objects.mjs";
import { restoreCases } from "./restore.mjs";
import { guideRules, guides } from "./rules_guides.mjs";
import { monitoringRules } from "./rules_monitoring.mjs";
import { networkRules } from "./rules_network.mjs";
import { podRules } from "./rules_pods.mjs";
import { poolerRules } from "./rules_poolers.mjs";
import { referenceRules } from "./rules_references.mjs";
import { schemaRules, unknownFields } from "./rules_schema.mjs";
import { settingRules } from "./rules_settings.mjs";
import { sourceRules, sources } from "./rules_sources.mjs";

const root = resolve(here, "../..");
const [build = join(root, "build"), ...given] = process.argv.slice(2).map((path) => resolve(path));
const whole = given.length === 0;
const UNKNOWN_FIELDS = "no field is unknown";
// S3's, Google's, Azure's, as k8s/CLUSTER.md names them.
const KEYS_OF_BUCKET = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "APPLICATION_CREDENTIALS", "STORAGE_ACCOUNT", "STORAGE_KEY"];
const RULES = { ...schemaRules, ...podRules, ...networkRules, ...referenceRules, ...poolerRules, ...settingRules, ...monitoringRules };

const run = (program, args, options = {}) =>
  execFileSync(program, args, { encoding: "utf8", maxBuffer: 64 << 20, ...options });
const readYaml = (...path) => parse(readFileSync(join(...path), "utf8"));
const objectsOf = (text) => parseAllDocuments(text).map((document) => document.toJS()).filter(Boolean);

// What each binary says of itself: "settings" or "metrics".
function saidByBinaries(command) {
  const binaries = ["account", "subscription", "content", "feed", "comment"]
    .map((name) => `services/rostrum-${name}`).concat("gateway/rostrum-gateway");
  return Object.fromEntries(binaries.map((path) => [basename(path), JSON.parse(run(join(build, path), [command]))]));
}

// What k8s/secrets makes for a cluster without a store of secrets.
function secretsOfScript() {
  const folder = mkdtempSync(join(tmpdir(), "rostrum-secrets-"));
  try {
    const env = { ...process.env, ROSTRUM_KEYS: join(build, "services/common/rostrum-keys") };
    return objectsOf(run(join(root, "k8s/secrets"), ["--manifest", folder], { env }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const kubectl = run(join(here, "kubectl/find"), [join(build, "k8s")]).trim();
const graph = readYaml(root, "k8s/graph.yaml");
const settings = saidByBinaries("settings");
const metrics = saidByBinaries("metrics");
const scripted = secretsOfScript();
const keysOfScript = Object.fromEntries(scripted.map((object) => [object.metadata.name, Object.keys(object.data)]));
// The store of External Secrets, as k8s/README.md has it filled: the script's folders,
// and what nobody can make up.
const stored = Object.fromEntries(Object.entries({ ...keysOfScript, "backup-credentials": KEYS_OF_BUCKET })
  .map(([name, keys]) => [`rostrum-${name}`, name === "account-secrets" ? [...keys, "SMTP_USERNAME", "SMTP_PASSWORD"] : keys]));

function render(folder) {
  const objects = objectsOf(run(kubectl, ["kustomize", folder]));
  const kustomizations = [...sources(folder).values()];
  // Its own, wherever they are, and those of an overlay that it is made from.
  const components = (readYaml(folder, "kustomization.yaml").components ?? []).map((path) => basename(path.split("?")[0]))
    .concat(kustomizations.filter(({ kind }) => kind === "Component").map(({ metadata }) => metadata.name));
  const name = whole ? basename(folder) : folder;
  const context = {
    // Where mails are caught nobody reads; all else is meant in production.
    overlay: { name, components, production: !components.includes("mail-catcher") },
    graph,
    settings,
    metrics,
    made: { applied: components.includes("external-secrets") ? {} : keysOfScript, stored },
  };
  return { name, objects, context, kustomizations };
}

// Makes one thing wrong: {object, set: {/pointer: value}, remove: [/pointer], drop, add}.
function spoil(objects, change) {
  const spoiled = structuredClone(objects);
  const wanted = (object) => id(object) === change.object ||
    id(object).replace(/-[a-z0-9]{10}$/, "") === change.object;
  const target = spoiled.find(wanted);
  if (change.object && !target) throw new Error(`no ${change.object} to spoil`);
  const walk = (pointer, act) => {
    const keys = pointer.slice(1).split("/").map((key) => key.replaceAll("~1", "/"));
    const last = keys.pop();
    const parent = keys.reduce((at, key) => (at[key] ??= {}), target);
    act(parent, last);
  };
  for (const [pointer, value] of Object.entries(change.set ?? {})) {
    walk(pointer, (parent, key) => { if (key === "-") parent.push(value); else parent[key] = value; });
  }
  for (const pointer of change.remove ?? []) {
    walk(pointer, (parent, key) => {
      if (!(key in parent)) throw new Error(`${change.object} has no ${pointer}`);
      if (Array.isArray(parent)) parent.splice(Number(key), 1); else delete parent[key];
    });
  }
  if (change.drop) spoiled.splice(spoiled.indexOf(target), 1);
  if (change.add) spoiled.push(change.add);
  return { objects: spoiled, target: change.add ?? target };
}

let passed = 0;
let failed = 0;
function report(what, wrong) {
  if (wrong.length === 0) { passed += 1; return; }
  failed += 1;
  console.log(`FAILED ${what}`);
  for (const line of wrong.slice(0, 20)) console.log(`  ${line}`);
}

const inTree = [join(root, "k8s/overlays"), join(here, "overlays")]
  .flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)));
const overlays = Object.fromEntries((whole ? inTree : given).map(render).map((each) => [each.name, each]));
for (const { name, objects, context, kustomizations } of Object.values(overlays)) {
  console.log(`${name}: ${objects.length} objects`);
  for (const [rule, check] of Object.entries(RULES)) report(`${name}: ${rule}`, [...check(objects, context)]);
  for (const [rule, check] of Object.entries(sourceRules)) report(`${name}: ${rule}`, [...check(kustomizations)]);
}
// What is applied beside an overlay.
const SHAPE = "objects have the shape of their kind";
if (whole) {
  report(`k8s/secrets: ${SHAPE}`, [...RULES[SHAPE](scripted)]);
  for (const name of ["edge.yaml", "secretstore.yaml"]) {
    const objects = objectsOf(readFileSync(join(root, "k8s", name), "utf8"));
    for (const rule of [SHAPE, "the site has a certificate"]) report(`k8s/${name}: ${rule}`, [...RULES[rule](objects)]);
    overlays[name] = { name, objects, context: {} };
  }
}
for (const { what, wrong } of whole ? restoreCases(kubectl) : []) report(`k8s/restore: ${what}`, wrong);
const written = whole ? guides() : [];
for (const [rule, check] of Object.entries(guideRules)) report(`guides: ${rule}`, [...check(written)]);

const fixtures = whole ? readdirSync(join(here, "refused")).sort().flatMap((file) => readYaml(here, "refused", file)) : [];
const typed = Object.values(overlays).map(({ name, objects }) => ({ name, objects }));
fixtures.forEach((fixture, number) => {
  const { objects, context, kustomizations } = overlays[fixture.overlay ?? "prod"];
  const from = guideRules[fixture.rule] ? written : sourceRules[fixture.rule] ? kustomizations : objects;
  const { objects: spoiled, target } = spoil(from, fixture);
  if (fixture.rule === UNKNOWN_FIELDS) { typed.push({ name: `refused ${number}`, objects: [target] }); return; }
  const check = RULES[fixture.rule] ?? sourceRules[fixture.rule] ?? guideRules[fixture.rule];
  if (!check) throw new Error(`no rule "${fixture.rule}"`);
  const wrong = [...check(spoiled, context)];
  const said = wrong.some((line) => line.includes(fixture.says));
  report(`refuses: ${fixture.rule} (${fixture.says})`, said ? [] : [`it said ${JSON.stringify(wrong)}`]);
});

const unknown = unknownFields(typed, join(root, "tests/output/k8s-types"));
for (const { name } of Object.values(overlays)) report(`${name}: ${UNKNOWN_FIELDS}`, unknown[name]);
fixtures.forEach((fixture, number) => {
  if (fixture.rule !== UNKNOWN_FIELDS) return;
  const said = unknown[`refused ${number}`].some((line) => line.includes(fixture.says));
  report(`refuses: ${UNKNOWN_FIELDS} (${fixture.says})`, said ? [] : [`it said ${JSON.stringify(unknown[`refused ${number}`])}`]);
});
for (const rule of whole ? [...Object.keys({ ...RULES, ...sourceRules, ...guideRules }), UNKNOWN_FIELDS] : []) {
  report(`${rule}: has a fixture`, fixtures.some((fixture) => fixture.rule === rule) ? [] : ["nothing shows that it refuses anything"]);
}

console.log(`rendered by ${kubectl}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
