// What is live, and what is found: rooms, discussions in two windows, the feed's
// news, search.
import assert from "node:assert/strict";
import { waitUntil } from "./browser.mjs";
import { Steps } from "./steps.mjs";

/** Calls the API as the reader of a page, as a script of that page would. */
export async function call(page, url, method, path, body) {
  const answer = await page.context().request.fetch(`${url}${path}`, {
    method, data: body, headers: { Origin: url },
  });
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}

/** Publishes a post as an author. */
export async function publish(author, url, channelId, title, text, level = "PREMIUM") {
  const draft = await call(author, url, "POST", "/v1/manuscripts", {
    title, lede: "What it is about.", channelId, accessLevel: `ACCESS_LEVEL_${level}`,
    markdown: `The beginning.\n\n<!--more-->\n\n${text}`,
  });
  await call(author, url, "POST", `/v1/manuscripts/${draft.postId}:publish`, {});
  return draft.postId;
}

export async function channelId(page, url, slug) {
  const { channels } = await call(page, url, "GET", "/v1/channels");
  return channels.find((each) => each.slug === slug).channelId;
}

export class LiveSteps extends Steps {
  async talkInARoom(member) {
    this.step("a VIP room: from outside, through the door, and a live conversation");
    const visitor = await this.browsers.reader();
    await visitor.goto("/c/long-view");
    await visitor.getByRole("link", { name: "VIP room" }).click();
    await visitor.getByText("Rooms are for members").waitFor();
    await visitor.getByText("This offer expires in").waitFor();
    await this.look(visitor, "room-outside");
    await visitor.getByRole("link", { name: "START" }).click();
    await visitor.getByLabel("Name, as others see it").fill("From the room");
    await visitor.getByLabel("Mail address").fill(`room.${Date.now()}@reader.example`);
    await visitor.getByRole("button", { name: "START" }).click();
    await visitor.getByRole("heading", { name: "Verify your email address" }).waitFor();
    await visitor.goto("/rooms/long-view/messages");
    await visitor.getByText("This is not open to you").waitFor();
    await visitor.context().close();

    await member.goto("/rooms/long-view");
    await this.look(member, "room-door");
    await member.getByRole("button", { name: "Join the room" }).click();
    await member.getByText("Nothing has been said yet").waitFor();
    const editor = await this.signedIn("editor", "/rooms/long-view");
    await editor.getByLabel("Show my name").uncheck();
    await editor.getByRole("button", { name: "Join the room" }).click();
    await member.getByLabel("Your message").fill("Is anybody here?");
    await member.getByRole("button", { name: "Send" }).click();
    const question = editor.locator(".comment").filter({ hasText: "Is anybody here?" });
    await question.waitFor();
    await question.getByText("Reply", { exact: true }).first().click();
    await question.locator("textarea").fill("Yes, *always*.");
    await question.getByRole("button", { name: "Reply" }).click();
    const answer = member.locator(".comment").filter({ hasText: "Yes, always." });
    await answer.waitFor();
    await answer.getByText("In reply to Grace <b>Hopper</b>").waitFor();
    assert.equal(await member.getByLabel("Your message").inputValue(), "");
    assert.equal(await member.locator(".room-side li").count(), 1, "the editor is not shown");
    await this.look(member, "room-inside");
    await question.waitFor();
    const mine = member.locator(".comment").filter({ hasText: "Is anybody here?" });
    await mine.getByText("Delete", { exact: true }).first().click();
    await mine.getByRole("button", { name: "Delete" }).click();
    await editor.getByText("This message was deleted by its author.").waitFor();
    await this.seeTheNewest(member);
    await editor.getByRole("button", { name: "Leave the room" }).click();
    await editor.getByRole("button", { name: "Join the room" }).waitFor();
    await editor.context().close();
  }

  /** In a room with more messages than fit on a screen. */
  async seeTheNewest(member) {
    const channel = await channelId(member, this.url, "long-view");
    for (const body of ["line\n\n".repeat(60), "The last one"]) {
      await call(member, this.url, "POST", `/v1/channels/${channel}/room/comments`, { body });
    }
    const form = member.locator("#comment-form");
    const standsAboveTheForm = async (text) => {
      const message = member.locator(".comment").filter({ hasText: text });
      await message.waitFor();
      await waitUntil(`${text} to be seen`, async () => {
        const box = await message.boundingBox();
        return box.y >= 0 && box.y + box.height <= (await form.boundingBox()).y;
      });
    };
    for (const width of [390, 1280]) {
      await member.setViewportSize({ width, height: 900 });
      await member.goto("/rooms/long-view");
      await standsAboveTheForm("The last one");
      await member.evaluate(() => scrollTo(0, 0));
      await member.getByLabel("Your message").fill(`Sent at ${width}`);
      await member.getByRole("button", { name: "Send" }).click();
      await standsAboveTheForm(`Sent at ${width}`);
    }
    await this.comeBackToAMessage(member, channel);
  }

  /** Its link leads there however many came after it. */
  async comeBackToAMessage(member, channel) {
    const message = member.locator(".comment").filter({ hasText: "The last one" });
    const link = await message.locator(".comment-head a").getAttribute("href");
    for (let number = 1; number <= 50; ++number) {
      await call(member, this.url, "POST", `/v1/channels/${channel}/room/comments`,
        { body: `Later ${number}` });
    }
    await member.goto("/rooms/long-view");
    await member.getByText("Later 50", { exact: true }).waitFor();
    assert.equal(await message.count(), 0);
    await member.goto(link);
    await waitUntil("the message to be seen", async () => {
      const box = await message.boundingBox();
      return box !== null && box.y >= 0 && box.y < 900;
    });
    await this.look(member, "room-message");
    await member.getByRole("link", { name: "Back to the latest" }).click();
    await member.getByText("Later 50", { exact: true }).waitFor();
  }

  async discussInTwoWindows(member, path) {
    this.step("a discussion in two windows; what one is typing stays");
    await member.goto(path);
    const editor = await this.signedIn("editor", path);
    await editor.getByLabel("Your comment").fill("half a thought");
    await member.getByLabel("Your comment").fill("Seen without reloading");
    await member.getByRole("button", { name: "Post comment" }).click();
    await editor.locator(".comment").filter({ hasText: "Seen without reloading" }).waitFor();
    assert.equal(await editor.getByLabel("Your comment").inputValue(), "half a thought");
    assert.match(await editor.locator("[data-live-status]").textContent(), /1 new comment/);
    // Refused by the server, whatever the browser let through.
    await member.getByLabel("Your comment").fill("   ");
    await member.getByRole("button", { name: "Post comment" }).click();
    await member.locator(".field-error").waitFor();
    await this.look(member, "comment-refused");
    this.step("a refused reply still says to whom, where the browser is led");
    const comment = member.locator(".comment").filter({ hasText: "Seen without reloading" });
    await comment.getByText("Reply", { exact: true }).first().click();
    await comment.locator("textarea").fill("   ");
    await comment.getByRole("button", { name: "Reply" }).click();
    const form = member.locator("#comment-form");
    await form.locator(".field-error").waitFor();
    assert.equal(new URL(member.url()).hash, "#comment-form");
    await form.getByLabel("Reply to Grace <b>Hopper</b>").fill("Answered after all");
    await form.getByRole("button", { name: "Post comment" }).click();
    await member.locator(".comment.depth-1").filter({ hasText: "Answered after all" }).waitFor();
    await form.getByLabel("Your comment").waitFor();
    await editor.context().close();
  }

  async typeOnAfterTheSessionEnded(path) {
    this.step("a session that ends while a comment is typed; what was typed stays");
    const page = await this.signedIn("editor", path);
    const text = `Typed before it ended ${Date.now()}`;
    await page.getByLabel("Your comment").fill(text);
    const beside = await this.logOutBeside(page);
    await page.getByRole("button", { name: "Post comment" }).click();
    await page.getByText("You are not logged in any more").waitFor();
    assert.equal(await page.getByLabel("Your comment").inputValue(), text);
    await this.look(page, "comment-signed-out");
    await this.logIn(beside, this.logins.editor, "/");
    await page.getByRole("button", { name: "Post comment" }).click();
    await page.locator(".comment").filter({ hasText: text }).waitFor();
    assert.equal(await page.locator(".form-error").count(), 0);
    await page.context().close();
  }

  /** A browser does not open a stream again by itself that was refused. */
  async liveAgainAfterARefusal(path) {
    this.step("a stream that is refused is asked for again");
    const page = await this.signedIn("editor", "/");
    await page.route("**/live/posts/**", (route) => route.fulfill({ status: 503 }), { times: 1 });
    const opened = page.waitForResponse(
      (answer) => answer.url().includes("/live/posts/") && answer.status() === 200);
    await page.goto(path);
    await opened;
    await page.context().close();
  }

  /** The fragment that is merged has the latest comments only; the page may show others too. */
  async mergeWhatIsLong(member) {
    this.step("the latest comments of a long discussion are merged in their places");
    const orders = await member.evaluate(async () => {
      const site = document.querySelector("script[type=module]").src;
      const { mergeComments } = await import(new URL("discussion_merge.js", site).href);
      // "a b>a" is the comment a and its reply b.
      const listOf = (text) => {
        const list = document.createElement("ol");
        for (const [id, parent] of text.split(" ").map((each) => each.split(">"))) {
          const item = list.appendChild(document.createElement("li"));
          Object.assign(item.dataset, { parent: parent ?? "", version: "1" });
          item.id = `comment-${id}`;
        }
        return list;
      };
      const merged = (shown, fresh, threaded) => {
        const list = document.body.appendChild(listOf(shown));
        const { added, replaced } = mergeComments(list, listOf(fresh), threaded);
        list.remove();
        return `${[...list.children].map((each) => each.id.slice(8)).join(" ")} ${added} ${replaced}`;
      };
      return [
        merged("a b", "a b c", true),
        // z replies to a, which is too old for the fragment; y to z.
        merged("a z>a b c", "b c z>a d y>z", true),
        merged("a b c", "b c z>a", true),
        merged("a b", "a b z>a", false),
        merged("a b", "m n", true),
      ];
    });
    assert.deepEqual(orders, [
      "a b c 1 false", "a z y b c d 2 false", "a z b c 1 false", "a b z 1 false", "m n 2 true",
    ]);
  }

  async hearOfNews(member) {
    this.step("a post appears while the feed is looked at, and search finds it");
    const marker = `xylophone${Date.now()}`;
    const author = await this.signedIn("author", "/");
    const channel = await channelId(author, this.url, "long-view");
    await call(member, this.url, "PUT", `/v1/follows/FOLLOW_KIND_CHANNEL/${channel}`);
    await member.goto("/feed");
    await publish(author, this.url, channel,
      `News of the ${marker.slice(0, 9)}`, `The ${marker} stands here.`);
    await member.getByRole("link", { name: "1 new post", exact: true }).click();
    await member.getByText("News of the xylophone").first().waitFor();
    await this.look(member, "feed-unread");
    await author.context().close();
    return marker;
  }

  /** Premium text is found and quoted for members only. */
  async search(member, marker) {
    this.step("search, as a member and as a visitor");
    await member.goto("/search");
    await this.look(member, "search");
    await member.getByLabel("Words to look for").fill(marker);
    await member.getByRole("button", { name: "Search" }).click();
    await member.locator("mark", { hasText: marker }).waitFor();
    await this.look(member, "search-found");
    const visitor = await this.browsers.reader();
    await visitor.goto(`/search?q=${marker}`);
    await visitor.getByText("Nothing was found.").waitFor();
    await visitor.goto("/search?q=xylophone");
    await visitor.locator("mark").first().waitFor();
    assert.ok(!(await visitor.content()).includes(marker));
    await visitor.context().close();
  }

  async all(member, path) {
    await this.talkInARoom(member);
    await this.discussInTwoWindows(member, path);
    await this.typeOnAfterTheSessionEnded(path);
    await this.liveAgainAfterARefusal(path);
    await this.mergeWhatIsLong(member);
    const marker = await this.hearOfNews(member);
    await this.search(member, marker);
  }
}
