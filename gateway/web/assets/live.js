/**
 * What changes while it is looked at: discussions, rooms, the personal feed. A
 * stream says only that something has changed; what it is, is asked for then,
 * so who may no longer see it gets nothing. Streams are open while the tab is
 * looked at, since a browser has six connections for a site.
 */
import { showLocalTimes } from "./local_time.js";

/** @param {number} most in milliseconds */
const soon = (most) => Math.random() * most;

/** A stream that is there while the tab is. */
class Stream {
  /**
   * @param {() => string} url
   * @param {() => void} changed
   */
  constructor(url, changed) {
    this.url = url;
    this.changed = changed;
    /** @type {EventSource | null} */
    this.source = null;
    document.addEventListener("visibilitychange", () => this.follow());
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", () => this.follow());
    this.follow();
  }

  follow() {
    if (document.visibilityState !== "visible") return this.close();
    if (this.source !== null && this.source.readyState !== EventSource.CLOSED) return;
    this.source = new EventSource(this.url());
    this.source.addEventListener("changed", () => this.changed());
  }

  close() {
    this.source?.close();
    this.source = null;
  }
}

/**
 * Fetches HTML as a document, which runs nothing. Not with fetch and DOMParser:
 * our policy (Trusted Types) lets no script make markup of strings.
 * @param {string} url
 * @returns {Promise<Document | null>} null if it cannot be had
 */
function fetchDocument(url) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.timeout = 10000;
    request.onload = () => resolve(request.status === 200 ? request.responseXML : null);
    // Offline: the stream comes back with the net, and says so again.
    request.onerror = request.ontimeout = () => resolve(null);
    request.send();
  });
}

/**
 * @param {Element} element
 * @param {number} count
 */
function announce(element, count) {
  if (!(element instanceof HTMLElement)) return;
  const text = (count === 1 ? element.dataset.one : element.dataset.other) ?? "";
  element.textContent = text.replace("{count}", new Intl.NumberFormat().format(count));
}

class Discussion {
  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.busy = false;
    this.again = false;
    section.addEventListener("submit", (event) => void this.send(event));
    this.stream = new Stream(
      () => `${section.dataset.live}?since=${section.dataset.liveSince}`,
      () => void this.refresh());
  }

  async refresh() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    const part = await fetchDocument(this.section.dataset.liveFragment ?? "");
    if (part !== null) this.merge(part);
    // At most one question a second, however much is said.
    setTimeout(() => {
      this.busy = false;
      if (this.again) {
        this.again = false;
        void this.refresh();
      }
    }, 700 + soon(600));
  }

  /** @param {Document} part */
  merge(part) {
    const fresh = part.querySelector("[data-live]");
    const list = this.section.querySelector("[data-live-list]");
    const freshList = fresh?.querySelector("[data-live-list]");
    if (!(fresh instanceof HTMLElement) || !list || !freshList) return;
    const follows = "liveFollow" in this.section.dataset && atEnd(list);
    let added = 0;
    /** @type {Element | null} */
    let before = null;
    for (const item of [...freshList.children]) {
      const known = document.getElementById(item.id);
      if (known === null) {
        const imported = document.importNode(item, true);
        showLocalTimes(imported);
        imported.classList.add("comment-new");
        if (before === null) list.prepend(imported);
        else before.after(imported);
        before = imported;
        added += 1;
        continue;
      }
      if (known.dataset.version !== /** @type {HTMLElement} */ (item).dataset.version &&
          !known.contains(document.activeElement)) {
        const imported = document.importNode(item, true);
        showLocalTimes(imported);
        known.replaceWith(imported);
        before = imported;
      } else {
        before = known;
      }
    }
    for (const text of fresh.querySelectorAll("[data-live-part]")) {
      const name = /** @type {HTMLElement} */ (text).dataset.livePart;
      const shown = this.section.querySelector(`[data-live-part="${name}"]`);
      if (shown !== null) shown.textContent = text.textContent;
    }
    this.section.dataset.liveSince = fresh.dataset.liveSince;
    const status = this.section.querySelector("[data-live-status]");
    if (status !== null && added > 0) announce(status, added);
    if (follows && added > 0) list.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  /**
   * Sends a comment without leaving the page. Whatever does not go well is left
   * to the browser: the same request makes no second comment.
   * @param {SubmitEvent} event
   */
  async send(event) {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !("liveCompose" in form.dataset)) return;
    event.preventDefault();
    const button = form.querySelector("button");
    if (button !== null) button.disabled = true;
    let sent = false;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(
          [...new FormData(form)].map(([name, value]) => [name, String(value)])),
        redirect: "manual",
      });
      sent = answer.type === "opaqueredirect";
    } catch {
      sent = false;
    }
    if (button !== null) button.disabled = false;
    if (!sent) return form.submit();
    const request = form.querySelector('[name="request"]');
    if (request instanceof HTMLInputElement) {
      request.value = `${Date.now()}-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
    }
    form.reset();
    form.querySelectorAll(".form-error, .field-error").forEach((error) => error.remove());
    const textarea = form.querySelector("textarea");
    if (textarea !== null) textarea.value = "";
    form.closest("details")?.removeAttribute("open");
    await this.refresh();
  }
}

/** @param {Element} list */
function atEnd(list) {
  const last = list.lastElementChild;
  return last === null || last.getBoundingClientRect().top < window.innerHeight;
}

class FeedNews {
  /** @param {HTMLElement} banner */
  constructor(banner) {
    this.banner = banner;
    this.unread = Number(banner.dataset.unread ?? 0);
    this.stream = new Stream(
      () => `/live/feed?since=${banner.dataset.liveSince}`, () => this.ask());
  }

  // The feed learns of a post a moment after it was published.
  ask() {
    for (const wait of [500 + soon(1500), 8000 + soon(4000)]) {
      setTimeout(() => void this.count(), wait);
    }
  }

  async count() {
    try {
      const answer = await fetch("/v1/feed/state", { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const added = (await answer.json()).unreadCount - this.unread;
      const link = this.banner.querySelector("a");
      if (link === null || added <= 0) return;
      announce(link, added);
      this.banner.hidden = false;
    } catch {
      // Offline.
    }
  }
}

/** @param {ParentNode} root */
export function startLive(root) {
  for (const section of root.querySelectorAll("[data-live]")) {
    new Discussion(/** @type {HTMLElement} */ (section));
  }
  for (const banner of root.querySelectorAll("[data-feed-new]")) {
    new FeedNews(/** @type {HTMLElement} */ (banner));
  }
}
