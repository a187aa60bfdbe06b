// The guides beside the manifests (k8s/*.md): their commands can be pasted as they stand, and
// their links lead somewhere.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { here, id } from "./objects.mjs";

const k8s = resolve(here, "../../k8s");

export const guides = () => readdirSync(k8s).filter((name) => name.endsWith(".md")).map((name) =>
  ({ kind: "Guide", metadata: { name }, path: join(k8s, name), text: readFileSync(join(k8s, name), "utf8") }));

// What a heading is called in a link to it, as GitHub and GitLab do it.
const anchors = (text) => [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
  heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));

export const guideRules = {
  *"a command that lasts is the last of its block"(all) {
    for (const guide of all) {
      for (const [, block] of guide.text.matchAll(/^ *```sh\n(.*?)^ *```$/gms)) {
        for (const line of block.trimEnd().split("\n").slice(0, -1)) {
          if (/ port-forward | logs .*(-f|--follow)\b/.test(line)) yield `${id(guide)}: nothing after "${line.trim()}" is run`;
        }
      }
    }
  },

  // Where others have such a resource too, kubectl takes whichever comes first.
  *"resources whose names others use are named in full"(all) {
    for (const guide of all) {
      for (const [command] of guide.text.matchAll(/(?<=`|^ *)(kubectl|k) [^`\n]+/gm)) {
        if (/ (get|wait|delete|describe|annotate) (.*[ ,])?(clusters?|backups?|externalsecrets?)([ ,/]|$)/.test(command)) yield `${id(guide)}: whose is meant by "${command}"`;
      }
    }
  },

  *"links lead somewhere"(all) {
    for (const guide of all) {
      for (const [, link] of guide.text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(link)) continue;
        const [path, section] = link.split("#");
        const file = path ? resolve(dirname(guide.path), path) : guide.path;
        if (!existsSync(file)) { yield `${id(guide)}: there is no ${path}`; continue; }
        const text = all.find((each) => each.path === file)?.text ?? (section && readFileSync(file, "utf8"));
        if (section && !anchors(text).includes(section)) yield `${id(guide)}: ${link} is no section`;
      }
    }
  },
};
