// A reader's journey through the pages, as a person walks it.
//   node tests/e2e/pages/journey.mjs .run/stack.env
import assert from "node:assert/strict";
import { HtmlValidate } from "html-validate";
import {
  accessibilityFaults, assertReloadSendsNothing, Browsers, readLogins, readSettings, takePictures, waitUntil,
} from "./browser.mjs";
import { checkFeeds } from "./feeds.mjs";
import { FormSteps } from "./forms.mjs";
import { LiveSteps } from "./live.mjs";

const settings = readSettings(process.argv[2]);
const url = settings.ROSTRUM_URL;
const logins = readLogins(settings.ROSTRUM_LOGINS);
const browsers = new Browsers(url);
const html = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: {
    // Which of these styles is used is ours to choose.
    "long-title": "off", "void-style": "off", "no-trailing-whitespace": "off",
    "attribute-boolean-style": "off",
    // Pictures leave one behind; ours would be stopped by the policy.
    "no-inline-style": "off",
  },
});
const faults = [];

function step(text) {
  console.log(`== ${text}`);
}

/** Looks at the page as it stands: valid, accessible, pictured. */
async function look(page, name) {
  const source = await page.content();
  const report = await html.validateString(source);
  for (const result of report.results) {
    for (const message of result.messages) faults.push(`${name}: ${message.ruleId}: ${message.message}`);
  }
  for (const fault of await accessibilityFaults(page)) faults.push(`${name}: ${fault}`);
  await takePictures(page, name);
}

async function posts(level, count) {
  const answer = await fetch(`${url}/v1/posts?accessLevel=ACCESS_LEVEL_${level}&pageSize=${count}`);
  return (await answer.json()).posts.map((post) => `/c/${post.channel.slug}/${post.slug}`);
}

/** The newest mail to an address, opened on the catcher's page. */
async function openMail(page, email, subject) {
  await waitUntil(`a mail to ${email}`, async () => {
    await page.goto("/demo/mails");
    return page.locator("li.card", { hasText: email }).filter({ hasText: subject }).first().isVisible();
  });
  return page.locator("li.card", { hasText: email }).filter({ hasText: subject }).first();
}

async function logIn(page, login, back = "/") {
  await page.goto(`/login?return=${encodeURIComponent(back)}`);
  await page.getByLabel("Mail address").fill(login.email);
  await page.getByLabel("Password").fill(login.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(`${url}${back}`);
}

async function readFree(page, metered) {
  step("a visitor's free reads, from the first to the wall");
  for (const [number, path] of metered.slice(0, 5).entries()) {
    await page.goto(path);
    const left = 4 - number;
    await page.getByText(`${left} of 5 free reads left`).waitFor();
    const ending = page.getByText("Your free allocated content will shortly be coming to an end.");
    assert.equal(await ending.isVisible(), left <= 1);
    assert.equal(await page.getByText("Thanks for coming back!").isVisible(), left <= 1);
    if (number === 0) await look(page, "article-free");
  }
  await look(page, "article-ending");
  await page.goto(metered[5]);
  await page.getByText("Your free allocated content has come to an end").waitFor();
  await look(page, "article-wall");
}

/** Hours, minutes and seconds as they stand. */
async function ticking(page) {
  const text = await page.locator("[data-countdown-time]").first().textContent();
  const [hours, minutes, seconds] = text.split(" ").map(Number);
  assert.ok(!Number.isNaN(seconds), text);
  return hours * 3600 + minutes * 60 + seconds;
}

async function countDown(page, path) {
  step("the countdown agrees across tabs and survives a reload");
  await page.goto(path);
  const other = await page.context().newPage();
  browsers.watch(other);
  await other.goto(path);
  const end = (tab) => tab.locator("[data-expire]").first().getAttribute("data-expire");
  assert.equal(await end(other), await end(page));
  const [here, there] = [await ticking(page), await ticking(other)];
  assert.ok(Math.abs(here - there) <= 3, `${here} and ${there}`);
  await page.reload();
  assert.ok(await ticking(page) <= here);
  await other.close();
}

async function startTrial(page, wall, email) {
  step("START, a mail, the link in it, and back in the article");
  await page.goto(wall);
  await page.getByRole("link", { name: "START" }).click();
  await look(page, "start");
  await page.getByLabel("Name, as others see it").fill("Grace <b>Hopper</b>");
  await page.getByLabel("Mail address").fill(email);
  await page.getByLabel("New password").fill("12345678");
  await page.getByRole("button", { name: "START" }).click();
  await page.locator(".field-error").first().waitFor();
  assert.equal(await page.getByLabel("Mail address").inputValue(), email, "what was typed stays");
  await look(page, "start-refused");
  await page.getByLabel("New password").fill("a long enough password");
  await page.getByRole("button", { name: "START" }).click();
  await page.getByRole("heading", { name: "Verify your email address" }).waitFor();
  await page.getByLabel("Six-digit code").fill("000000");
  await page.getByRole("button", { name: "Verify" }).click();
  await page.locator(".form-error").waitFor();
  await look(page, "verify");
  const mail = await openMail(page, email, "code");
  await look(page, "mails");
  await mail.getByRole("link", { name: "Open the link" }).click();
  await page.getByRole("button", { name: "Verify" }).click();
  await page.waitForURL(`${url}${wall}`);
  assert.equal(await page.locator(".wall").count(), 0);
  await look(page, "article-member");
}

async function discuss(page, path) {
  step("comments: write, reply, edit, delete");
  await page.goto(path);
  await page.getByLabel("Your comment").fill("First <script>alert(1)</script> *words*");
  await page.getByRole("button", { name: "Post comment" }).click();
  const mine = page.locator(".comment").filter({ hasText: "words" }).last();
  await mine.waitFor();
  assert.equal(await page.locator(".comment script").count(), 0);
  await mine.getByText("Reply", { exact: true }).first().click();
  await mine.locator("textarea").fill("An answer to myself");
  await mine.getByRole("button", { name: "Reply" }).click();
  await page.locator(".comment").filter({ hasText: "An answer to myself" }).last().waitFor();
  await page.locator(".comment").filter({ hasText: "words" }).first().getByRole("link", { name: "Edit" }).click();
  await look(page, "comment-edit");
  await page.getByLabel("Your comment").fill("Second words");
  await page.getByRole("button", { name: "Save" }).click();
  const edited = page.locator(".comment").filter({ hasText: "Second words" }).first();
  await edited.getByText("(edited)").waitFor();
  await edited.getByText("Delete", { exact: true }).first().click();
  await edited.getByRole("button", { name: "Delete" }).click();
  await page.getByText("This comment was deleted by its author.").first().waitFor();
}

async function follow(page) {
  step("follow, the feed, unfollow");
  await page.goto("/feed");
  await page.getByText("You follow nothing yet.").waitFor();
  await look(page, "feed-empty");
  await page.getByRole("button", { name: "Follow The Long View" }).click();
  await page.getByText("Because you follow The Long View").first().waitFor();
  await look(page, "feed");
  const times = await page.locator(".post time").evaluateAll(
    (elements) => elements.map((element) => element.getAttribute("datetime")));
  assert.deepEqual(times, [...times].sort().reverse(), "newest first");
  await page.goto("/account");
  await look(page, "account-trial");
  const reminders = page.getByLabel("That my free trial ends");
  assert.ok(await reminders.isChecked());
  await reminders.uncheck();
  await page.locator("#mails").getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  assert.ok(!await reminders.isChecked());
  await page.getByRole("button", { name: "Stop following The Long View" }).click();
  await page.getByText("You follow nothing yet.").waitFor();
}

async function join(page) {
  step("join through the test provider, cancel, resume, log out");
  await page.goto("/join?return=/account");
  await look(page, "join");
  await page.getByRole("button", { name: "Join" }).first().click();
  await page.getByRole("heading", { name: "Payment" }).waitFor();
  await look(page, "payment");
  await page.getByRole("button", { name: "Pay" }).click();
  await page.getByText("Your membership begins").waitFor();
  await assertReloadSendsNothing(page);
  await waitUntil("membership", async () => {
    await page.goto("/account");
    return page.getByText("You are a member.").isVisible();
  });
  await page.getByText("Renews for EUR").waitFor();
  await page.getByRole("heading", { name: "Receipts" }).waitFor();
  await look(page, "account-member");
  await page.goto("/join");
  await page.getByRole("heading", { name: "You are a member" }).waitFor();
  await page.locator("main").getByRole("link", { name: "Account" }).click();
  await page.getByRole("button", { name: "Cancel the membership" }).click();
  await page.getByRole("button", { name: "Take the cancellation back" }).click();
  await page.getByRole("button", { name: "Cancel the membership" }).waitFor();
  await page.getByRole("button", { name: "Log out", exact: true }).last().click();
  await page.waitForURL(`${url}/`);
}

async function comeBack(page, email) {
  step("log in by a link, set a new password, return to where one was");
  await page.goto("/account");
  await page.getByRole("heading", { name: "You need to log in to proceed" }).waitFor();
  await look(page, "login");
  await page.getByRole("link", { name: "Log in by a link" }).click();
  await page.getByLabel("Mail address").fill(email);
  await page.getByRole("button", { name: "Send me a link" }).click();
  await page.getByText("Look into your mail").waitFor();
  await assertReloadSendsNothing(page);
  await look(page, "message");
  const mail = await openMail(page, email, "/login/link");
  await mail.getByRole("link", { name: "Open the link" }).click();
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(`${url}/account`);
  await page.getByRole("link", { name: "Change the password" }).click();
  await page.getByLabel("Current password").fill("a long enough passwort");
  await page.getByLabel("New password").fill("another long password");
  await page.getByRole("button", { name: "Set the password" }).click();
  await page.getByText("Current password is not right.").waitFor();
  await look(page, "password-refused");
  await page.getByLabel("Current password").fill("a long enough password");
  await page.getByLabel("New password").fill("another long password");
  await page.getByRole("button", { name: "Set the password" }).click();
  await page.getByText("Every other device was logged out.").waitFor();
}

/** What search engines and link previews are told of an article. */
async function checkStructuredData(page, free) {
  const data = JSON.parse(await page.locator('script[type="application/ld+json"]').textContent());
  assert.equal(data["@type"], "NewsArticle");
  assert.equal(data.headline, await page.locator("h1").textContent());
  assert.equal(data.isAccessibleForFree, free);
  assert.ok(!Number.isNaN(Date.parse(data.datePublished)));
  assert.ok(data.author.name.length > 0);
  if (!free) {
    assert.equal(data.hasPart.isAccessibleForFree, false);
    assert.equal(await page.locator(data.hasPart.cssSelector).count(), 1, "the protected part is on the page");
  }
  const openGraph = (name) => page.locator(`meta[property="og:${name}"]`).getAttribute("content");
  assert.equal(await openGraph("title"), data.headline);
  assert.equal(await openGraph("url"), await page.locator('link[rel="canonical"]').getAttribute("href"));
}

/** Opens an offer that nobody takes. */
async function leaveAnOffer(path) {
  const page = await browsers.reader();
  await page.goto(path);
  await page.getByRole("link", { name: "START" }).waitFor();
  await checkStructuredData(page, false);
  await look(page, "article-premium");
  await page.reload();  // who came once only is forgotten sooner
  return page;
}

async function reachZero(page) {
  step("at zero START is gone, here and at the server");
  const left = await page.locator("[data-countdown-time]").count() > 0 ? await ticking(page) : 0;
  assert.ok(left < 1000, "the stack runs with tests/e2e/pages/durations.env");
  const start = page.locator("[data-countdown-start]");
  await waitUntil("zero", async () => await start.getAttribute("aria-disabled") === "true", left + 20);
  assert.equal(await start.getAttribute("href"), null);
  await page.getByRole("status").filter({ hasText: "This offer has expired." }).waitFor();
  await look(page, "article-zero");
  await page.goto("/start");
  await page.getByRole("heading", { name: "This offer has expired." }).waitFor();
  assert.equal(await page.getByLabel("Name, as others see it").count(), 0);
  await look(page, "start-closed");
}

async function correctTheAddress() {
  step("a sign-up whose address was mistyped: back, corrected, sent again");
  const page = await browsers.reader({ javaScriptEnabled: false });
  await page.goto("/start?for=join&request=chosen-by-somebody-else");
  assert.notEqual(await page.locator('[name="request"]').inputValue(), "chosen-by-somebody-else");
  const mine = `right.${Date.now()}@reader.example`;
  await page.getByLabel("Name, as others see it").fill("Typo");
  await page.getByLabel("Mail address").fill(`typo.${Date.now()}@reader.example`);
  const request = await page.locator('[name="request"]').inputValue();
  await page.locator('form[action="/start"] button').click();
  await page.waitForURL("**/verify*");
  await page.goBack();
  // Browsers show the form as it was, with the same id.
  await page.locator('[name="request"]').evaluate((field, value) => { field.value = value; }, request);
  await page.getByLabel("Name, as others see it").fill("Typo");
  await page.getByLabel("Mail address").fill(mine);
  await page.locator('form[action="/start"] button').click();
  await page.waitForURL("**/verify*");
  await openMail(page, mine, "code");
  await page.context().close();
}

async function withoutScripts(metered, premium) {
  step("the same without scripts");
  const page = await browsers.reader({ javaScriptEnabled: false });
  await page.goto("/");
  await page.getByRole("link", { name: "Older posts" }).click();
  await page.goto(metered[0]);
  await page.getByText("4 of 5 free reads left").waitFor();
  await page.goto(premium[0]);
  await page.getByText("This is premium content for members").waitFor();
  await page.getByText("This offer expires at").waitFor();
  await logIn(page, logins.reader, metered[0]);
  await page.getByLabel("Your comment").fill("Written without scripts");
  await page.getByRole("button", { name: "Post comment" }).click();
  await page.getByText("Written without scripts").last().waitFor();
  await page.context().close();
}

/** What a page weighs over the wire, without its pictures. */
async function weigh(path) {
  step("the article page is light");
  const page = await browsers.reader();
  const finished = [];
  page.on("requestfinished", (request) => {
    if (request.resourceType() !== "image") finished.push(request);
  });
  await page.goto(path, { waitUntil: "load" });
  // Asked for here alone: what ends later would be asked for while the page is being closed.
  const sizes = await Promise.all(finished.map((request) => request.sizes()));
  const bytes = sizes.reduce((sum, { responseBodySize, responseHeadersSize }) =>
    sum + responseBodySize + responseHeadersSize, 0);
  console.log(`   ${bytes} bytes`);
  assert.ok(bytes > 2000 && bytes < 60_000, `${path} weighs ${bytes} bytes`);
  await page.context().close();
}

/** Nothing is cut off, and nothing sticks out, when the page runs right to left. */
async function mirror(paths) {
  step("right to left");
  const page = await browsers.reader({ viewport: { width: 390, height: 900 } });
  for (const path of paths) {
    await page.goto(path);
    const overflow = await page.evaluate(() => {
      document.documentElement.dir = "rtl";
      const main = document.querySelector("main");
      const outside = [...main.querySelectorAll("*")].filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 1 && (box.left < -1 || box.right > innerWidth + 1);
      });
      return outside.map((element) => element.outerHTML.slice(0, 100));
    });
    assert.deepEqual(overflow, [], path);
  }
  await page.context().close();
}

async function lookAround() {
  step("every other page, as a visitor");
  const page = await browsers.reader();
  const places = {
    home: "/", channels: "/channels", channel: "/c/long-view", topic: "/t/war",
    author: "/a/amara-okoye", principles: "/principles", ledger: "/privacy/ledger", reset: "/reset", missing: "/nowhere",
  };
  for (const [name, path] of Object.entries(places)) {
    await page.goto(path);
    await look(page, name);
  }
  await page.context().close();
}

async function main() {
  await browsers.start();
  const [metered, premium] = [await posts("METERED", 8), await posts("PREMIUM", 2)];
  const email = `grace.${Date.now()}@reader.example`;
  const tools = { browsers, url, logins, look, logIn, openMail, step };
  const forms = new FormSteps(tools);
  const offered = await leaveAnOffer(premium[1]);
  const page = await browsers.reader();
  await readFree(page, metered);
  await countDown(page, premium[0]);
  await startTrial(page, metered[5], email);
  await discuss(page, premium[0]);
  await follow(page);
  await join(page);
  await comeBack(page, email);
  await new LiveSteps(tools).all(page, premium[0]);
  await forms.all(page, premium[0]);
  await withoutScripts(metered, premium);
  await correctTheAddress();
  await weigh(metered[0]);
  await mirror(["/", metered[0], premium[0], "/channels", "/search?q=peace", "/join", "/principles"]);
  await lookAround();
  await reachZero(offered);
  await forms.startTooLate(offered);
  await offered.context().close();
  step("feeds, sitemap, robots");
  await checkFeeds(url);
  browsers.assertNoFaults();
  assert.deepEqual([...new Set(faults)], []);
  console.log("The pages hold.");
}

try {
  await main();
} finally {
  await browsers.stop();
}
