// A browser for the tests of pages: Debian's Chromium, one origin only.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

export const output = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  "..", "..", "output", "pages");

/** NAME=VALUE lines. */
export function readSettings(file) {
  const lines = fs.readFileSync(file, "utf8").split("\n").filter((line) => line.includes("="));
  return Object.fromEntries(lines.map((line) => [
    line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** Lines of "role<TAB>email<TAB>password". */
export function readLogins(file) {
  const rows = fs.readFileSync(file, "utf8").trim().split("\n").map((line) => line.split("\t"));
  return Object.fromEntries(rows.map(([role, email, password]) => [role, { email, password }]));
}

export async function waitUntil(what, condition, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const result = await condition();
    if (result) return result;
    assert.ok(Date.now() < end, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Every page that is opened through it is watched for what must not happen. */
export class Browsers {
  constructor(url) {
    this.url = url;
    this.faults = [];
  }

  async start() {
    this.chromium = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
  }

  async stop() {
    await this.chromium?.close();
  }

  /** A reader of their own: cookies, window, and whether scripts run. */
  async reader(options = {}) {
    const context = await this.chromium.newContext({
      baseURL: this.url, locale: "en-GB", timezoneId: "Europe/Berlin",
      viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options,
    });
    const page = await context.newPage();
    this.watch(page);
    return page;
  }

  watch(page) {
    page.on("request", (request) => {
      if (!request.url().startsWith(this.url)) this.faults.push(`${page.url()} asked ${request.url()}`);
    });
    // Pages may be missing, but nothing that a page asks for.
    page.on("response", (answer) => {
      if (answer.status() === 404 && !answer.request().isNavigationRequest()) {
        this.faults.push(`${page.url()} asked in vain for ${answer.url()}`);
      }
    });
    page.on("console", (message) => {
      // The browser itself reports answers of 400 and above as errors.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        this.faults.push(`${page.url()} said ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => this.faults.push(`${page.url()} threw ${error.message}`));
  }

  /** No request elsewhere, no error, nothing that the policy had to stop. */
  assertNoFaults() {
    assert.deepEqual(this.faults, []);
  }
}

/** That loading the page again sends no form again. */
export async function assertReloadSendsNothing(page) {
  const [request] = await Promise.all([
    page.waitForRequest((each) => each.isNavigationRequest()), page.reload()]);
  assert.equal(request.method(), "GET", page.url());
}

/** What axe finds, as lines. */
export async function accessibilityFaults(page) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  return violations.flatMap((violation) => violation.nodes.map(
    (node) => `${violation.id}: ${violation.help}: ${node.html.slice(0, 160)}`));
}

/** Pictures of a page at phone and desktop width, light and dark. */
export async function takePictures(page, name) {
  fs.mkdirSync(output, { recursive: true });
  const size = page.viewportSize();
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: path.join(output, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${name} is ${overflow}px too wide at ${width}`);
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(size);
}
