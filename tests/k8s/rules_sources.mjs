// The kustomizations themselves, before they are rendered: what the kubectl at hand
// takes, an older one that README.md promises may not.
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { id } from "./objects.mjs";

// A kustomization and all that it is made of, as far as it is on this machine, each with
// the texts of its patches by their files ("patch 3": one that stands in it).
export function sources(folder, seen = new Map()) {
  const file = join(folder, "kustomization.yaml");
  if (seen.has(folder) || !existsSync(file)) return seen;
  const kustomization = parse(readFileSync(file, "utf8"));
  const { kind = "Kustomization", resources = [], components = [], patches = [] } = kustomization;
  const texts = Object.fromEntries(patches.map(({ path, patch }, number) =>
    (path ? [path, readFileSync(join(folder, path), "utf8")] : [`patch ${number}`, patch])));
  seen.set(folder, { kind, metadata: { name: basename(folder) }, patches: texts });
  for (const other of [...resources, ...components]) sources(join(folder, other), seen);
  return seen;
}

export const sourceRules = {
  // kubectl before 1.31 takes no more of a file; a patch in place is held to the same.
  *"a patch is one document"(kustomizations) {
    for (const kustomization of kustomizations) {
      for (const [name, text] of Object.entries(kustomization.patches)) {
        const documents = parseAllDocuments(text).filter((document) => document.contents).length;
        if (documents !== 1) yield `${id(kustomization)}: ${name} has ${documents} documents`;
      }
    }
  },
};
