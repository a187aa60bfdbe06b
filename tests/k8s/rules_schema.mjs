// Shapes: validators of kubernetes-models, closed schemas of our own where no
// package has one, and TypeScript's check for fields that do not exist.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import ts from "typescript";
import { parse } from "yaml";
import { here, id } from "./objects.mjs";

const require = createRequire(import.meta.url);
const PACKAGES = {
  "cert-manager.io": "@kubernetes-models/cert-manager",
  "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
};

const ajv = new Ajv2020.default({ allErrors: true });
const closed = Object.fromEntries(readdirSync(join(here, "schemas")).map((file) =>
  [file.replace(".yaml", ""), ajv.compile(parse(readFileSync(join(here, "schemas", file), "utf8")))]));

// The module that describes an object: "kubernetes-models/apps/v1/Deployment".
function moduleOf({ apiVersion, kind }) {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  const folder = PACKAGES[group] ?? (group === "" || !group.includes(".") || group.endsWith(".k8s.io") ? "kubernetes-models" : undefined);
  if (!folder) return undefined;
  const path = `${folder}/${apiVersion}/${kind}`;
  try {
    require.resolve(path);
    return path;
  } catch {
    return undefined;
  }
}

export const schemaRules = {
  *"objects have the shape of their kind"(objects) {
    for (const object of objects) {
      const module = moduleOf(object);
      const ours = closed[`${object.kind}.${object.apiVersion.replace("/", "_")}`];
      if (module) {
        try {
          new (require(module)[object.kind])(object).validate();
        } catch (error) {
          yield `${id(object)}: ${error.message}`;
        }
      } else if (!ours) {
        yield `${id(object)}: no schema for ${object.apiVersion} ${object.kind}`;
      } else if (!ours(object)) {
        for (const error of ours.errors) yield `${id(object)}${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`;
      }
    }
  },
};

// Checks all cases ([{name, objects}]) in one run of the compiler: case to lines.
export function unknownFields(cases, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = cases.map(({ name, objects }, number) => {
    const typed = objects.filter((object) => moduleOf(object));
    const lines = typed.map((object, i) => `import { I${object.kind} as T${i} } from ${JSON.stringify(moduleOf(object))};`);
    typed.forEach((object, i) => lines.push(`// ${id(object)}\nexport const o${i}: T${i} = ${JSON.stringify(object)};`));
    const file = join(folder, `case${number}.ts`);
    writeFileSync(file, lines.join("\n"));
    return { file, name };
  });
  const program = ts.createProgram(files.map((each) => each.file), {
    noEmit: true, strict: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10, types: [],
  });
  const found = Object.fromEntries(files.map(({ name }) => [name, []]));
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const of = files.find((each) => diagnostic.file && join(diagnostic.file.fileName) === each.file);
    const before = diagnostic.file?.text.slice(0, diagnostic.start).split("\n// ").at(-1).split("\n")[0];
    const text = `${before}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, " ").slice(0, 300)}`;
    if (of) found[of.name].push(text);
    else throw new Error(text);
  }
  return found;
}
