// What becomes of what was typed and pressed: trials and memberships of readers who have
// an account or get one on the way, and text that could not be sent.
import assert from "node:assert/strict";
import { assertReloadSendsNothing, waitUntil } from "./browser.mjs";
import { call, channelId, publish } from "./live.mjs";
import { Steps } from "./steps.mjs";

export class FormSteps extends Steps {
  /** Fills in the sign-up that is shown, and opens the link that is mailed. */
  async signUp(page, name, email = `${name}.${Date.now()}@reader.example`) {
    await page.getByLabel("Name, as others see it").fill(name);
    await page.getByLabel("Mail address").fill(email);
    await page.getByRole("button", { name: "Sign up" }).click();
    await page.getByRole("heading", { name: "Verify your email address" }).waitFor();
    const mail = await this.openMail(page, email, "code");
    await mail.getByRole("link", { name: "Open the link" }).click();
    await page.getByRole("button", { name: "Verify" }).click();
  }

  async startWithAnAccount(path) {
    this.step("START for a reader who is signed in is one button, also without scripts");
    const page = await this.browsers.reader({ javaScriptEnabled: false });
    await page.goto(`/login?return=${path}`);
    await page.getByRole("link", { name: "I am new here" }).click();
    const box = `account.${Date.now()}`;
    await this.signUp(page, "account", `${box}@reader.example`);
    await page.waitForURL(`${this.url}${path}`);
    await page.locator(".wall").getByRole("button", { name: "START" }).click();
    await page.waitForURL(`${this.url}${path}`);
    assert.equal(await page.locator(".wall").count(), 0);
    await page.context().close();

    this.step("the same person has one trial, and is told so");
    const again = await this.browsers.reader();
    await again.goto(`/start?for=account&return=${path}`);
    await this.signUp(again, "again", `${box}+again@reader.example`);
    await again.waitForURL(`${this.url}${path}`);
    await again.locator(".wall").getByRole("button", { name: "START" }).click();
    await again.getByText("You have had your free trial already.").waitFor();
    assert.equal(await again.locator('[name="return"]').first().inputValue(), path);
    await again.context().close();
  }

  /** On a page whose visitor has seen an offer end. */
  async startTooLate(page) {
    this.step("a reader who is signed in finds no START, too, when the offer has ended");
    await page.goto("/start?for=account&return=/start");
    await this.signUp(page, "late");
    await page.waitForURL(`${this.url}/start`);
    await page.getByRole("heading", { name: "This offer has expired." }).waitFor();
    assert.equal(await page.getByRole("button", { name: "START" }).count(), 0);
  }

  async joinAsAVisitor(path) {
    this.step("a visitor joins: sign-up, plans, payment, and back in the article");
    const page = await this.browsers.reader();
    await page.goto(path);
    await page.getByRole("link", { name: "Skip the trial, join us now" }).click();
    await page.locator("li.card", { hasText: "Yearly" }).getByRole("button", { name: "Join" }).click();
    await page.getByRole("heading", { name: "Make an account" }).waitFor();
    await page.getByText("A membership needs an account.").waitFor();
    await this.signUp(page, "joined");
    await page.getByRole("heading", { name: "Join us" }).waitFor();
    await page.locator("li.card", { hasText: "Your choice" }).filter({ hasText: "Yearly" })
      .getByRole("button", { name: "Join" }).click();
    await page.getByRole("button", { name: "Pay" }).click();
    await page.getByRole("link", { name: "Go on reading" }).click();
    await page.waitForURL(`${this.url}${path}`);
    await waitUntil("what was paid for", async () => {
      await page.reload();
      return await page.locator(".wall").count() === 0;
    });
    await page.context().close();
  }

  async typeWhileThePostCloses() {
    this.step("a post that closes while a comment is typed; what was typed stays");
    const author = await this.signedIn("author", "/");
    const channel = await channelId(author, this.url, "long-view");
    const post = await publish(author, this.url, channel, "Open for now", "More of it.", "PUBLIC");
    const reader = await this.signedIn("reader", "/");
    await reader.goto(`/p/${post}`);
    await reader.getByLabel("Your comment").fill("Typed while it was open");
    await call(author, this.url, "PATCH", `/v1/manuscripts/${post}`,
      { accessLevel: "ACCESS_LEVEL_PREMIUM" });
    await reader.getByRole("button", { name: "Post comment" }).click();
    await reader.getByText("only those who may read the post").waitFor();
    assert.equal(await reader.getByLabel("Your comment").inputValue(), "Typed while it was open");
    await reader.locator(".wall").waitFor();
    await this.look(reader, "comment-not-readable");
    await reader.context().close();
    await author.context().close();
  }

  /** By a member who has joined the room. */
  async sayOutsideTheRoom(member) {
    this.step("a message sent after the room was left; what was typed stays");
    await member.goto("/rooms/long-view?before=a-page-of-another-release");
    await member.waitForURL(`${this.url}/rooms/long-view`);
    await member.getByLabel("Your message").fill("Typed inside");
    const beside = await member.context().newPage();
    await beside.goto("/rooms/long-view");
    await beside.getByRole("button", { name: "Leave the room" }).click();
    await beside.getByRole("button", { name: "Join the room" }).waitFor();
    await member.getByRole("button", { name: "Send" }).click();
    await member.getByText("only those who joined the room").waitFor();
    assert.equal(await member.getByLabel("Your message").inputValue(), "Typed inside");
    await this.look(member, "room-left");
    await beside.getByRole("button", { name: "Join the room" }).click();
    await beside.getByLabel("Your message").waitFor();
    await beside.close();
    await member.getByRole("button", { name: "Send" }).click();
    await member.locator(".comment").filter({ hasText: "Typed inside" }).waitFor();
  }

  async typeOnSignedOutWithoutScripts(path) {
    this.step("the same without scripts; saved again unchanged, a comment is not edited");
    const page = await this.signedIn("editor", path, { javaScriptEnabled: false });
    const text = `One line\n\nand another ${Date.now()}`;
    await page.getByLabel("Your comment").fill(text);
    const beside = await this.logOutBeside(page);
    await page.getByRole("button", { name: "Post comment" }).click();
    await page.getByText("You are not logged in any more").waitFor();
    assert.equal(await page.getByLabel("Your comment").inputValue(), text);
    await this.logIn(beside, this.logins.editor, "/");
    await page.getByRole("button", { name: "Post comment" }).click();
    const comment = page.locator(".comment").filter({ hasText: text.split("\n").pop() });
    await comment.getByRole("link", { name: "Edit" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await comment.waitFor();
    assert.equal(await comment.getByText("(edited)").count(), 0);
    await page.context().close();
  }

  async followAsAVisitor() {
    this.step("a visitor presses Follow, logs in, and follows");
    const page = await this.browsers.reader();
    await page.goto("/c/long-view");
    await page.getByRole("button", { name: "Follow The Long View" }).click();
    await page.getByLabel("Mail address").fill(this.logins.editor.email);
    await page.getByLabel("Password").fill(this.logins.editor.password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("you follow The Long View").waitFor();
    await this.look(page, "follow");
    await page.locator("main").getByRole("button", { name: "Follow" }).click();
    await page.waitForURL(`${this.url}/c/long-view`);
    await page.getByRole("button", { name: "Stop following The Long View" }).click();
    await page.getByRole("button", { name: "Follow The Long View" }).waitFor();
    await page.context().close();
  }

  async openAnOldLink() {
    this.step("a link that works no more leads to another");
    const page = await this.browsers.reader();
    await page.goto("/login/link?token=of-long-ago");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "This link works no more" }).waitFor();
    assert.equal(await page.locator("main").getByRole("button").count(), 0);
    await this.look(page, "link-over");
    await page.getByRole("link", { name: "Send me another link" }).click();
    await page.getByRole("heading", { name: "Log in by mail" }).waitFor();
    await page.context().close();
  }

  async forgetThePassword() {
    this.step("who has forgotten the password comes back to where they were, too");
    const page = await this.browsers.reader();
    await page.goto("/login?return=/feed");
    await page.getByRole("link", { name: "I forgot my password" }).click();
    await page.getByLabel("Mail address").fill("nobody@reader.example");
    await page.getByRole("button", { name: "Send me a link" }).click();
    await page.getByRole("heading", { name: "Look into your mail" }).waitFor();
    await assertReloadSendsNothing(page);
    await page.locator("main").getByRole("link", { name: "Log in" }).click();
    assert.equal(await page.locator('[name="return"]').inputValue(), "/feed");
    await page.context().close();
  }

  async all(member, path) {
    await this.startWithAnAccount(path);
    await this.joinAsAVisitor(path);
    await this.typeWhileThePostCloses();
    await this.sayOutsideTheRoom(member);
    await this.typeOnSignedOutWithoutScripts(path);
    await this.followAsAVisitor();
    await this.openAnOldLink();
    await this.forgetThePassword();
    await member.goto("/account?follows=a-page-of-another-release");
    await member.waitForURL(`${this.url}/account#follows`);
  }
}
