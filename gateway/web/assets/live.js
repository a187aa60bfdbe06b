/**
 * Keeps discussions, rooms and the personal feed up to date while they are shown.
 * A stream reports only that something has changed. The page then asks for it, so
 * readers who may no longer see it get nothing. Streams are open only while the
 * tab is visible, since a browser has six connections for a site.
 */
import { mergeComments } from "./discussion_merge.js";

/** @param {number} most in milliseconds */
const soon = (most) => Math.random() * most;

/** In milliseconds. */
const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 60000;
/** How often a stream may be refused before the tab has to be shown again. */
const MOST_REFUSALS = 5;

/**
 * Within how many milliseconds a notified browser is to ask, so that thousands of
 * readers of one discussion do not all ask at once.
 * @param {MessageEvent} event
 */
const spread = (event) => Number(JSON.parse(event.data).within ?? 0);

/** A stream that is open while the tab is visible. */
class Stream {
  /**
   * @param {() => string} url
   * @param {(within: number) => void} changed
   */
  constructor(url, changed) {
    this.url = url;
    this.changed = changed;
    this.pause = FIRST_PAUSE;
    this.refusals = 0;
    /** @type {EventSource | null} */
    this.source = null;
    document.addEventListener("visibilitychange", () => this.shown());
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", () => this.shown());
    this.follow();
  }

  shown() {
    this.refusals = 0;
    this.follow();
  }

  follow() {
    if (document.visibilityState !== "visible") return this.close();
    if (this.source !== null && this.source.readyState !== EventSource.CLOSED) return;
    const source = new EventSource(this.url());
    this.source = source;
    source.addEventListener("open", () => {
      this.pause = FIRST_PAUSE;
      this.refusals = 0;
    });
    source.addEventListener("changed", (event) => this.changed(spread(event)));
    source.addEventListener("error", () => this.openLater(source));
  }

  /**
   * A browser itself reopens a stream that broke off, but not one that was refused.
   * @param {EventSource} source
   */
  openLater(source) {
    if (source !== this.source || source.readyState !== EventSource.CLOSED) return;
    this.refusals += 1;
    if (this.refusals > MOST_REFUSALS) return;
    setTimeout(() => this.follow(), this.pause / 2 + soon(this.pause));
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
  }

  close() {
    this.source?.close();
    this.source = null;
  }
}

/**
 * Fetches HTML as a document whose scripts do not run. Not with fetch and DOMParser:
 * our policy (Trusted Types) forbids scripts to turn strings into markup.
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
    // Offline, or too slow.
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
    this.waiting = false;
    this.pause = FIRST_PAUSE;
    this.follows = "liveFollow" in section.dataset;
    /** The id in the page of a comment that was sent, until it is shown. */
    this.sentId = "";
    if (this.follows) this.showNewest();
    section.addEventListener("submit", (event) => void this.send(event));
    this.stream = new Stream(
      () => `${section.dataset.live}?since=${section.dataset.liveSince}`,
      (within) => this.refreshWithin(within));
  }

  /** Begins at the end of a conversation, unless a link leads to one of its messages. */
  showNewest() {
    if (this.section.querySelector(".comment:target") !== null) return;
    this.section.querySelector("[data-live-list]")?.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  /** Shows a comment that was sent from here, as soon as it is in the list. */
  showSent() {
    const comment = document.getElementById(this.sentId);
    if (comment === null) return;
    this.sentId = "";
    comment.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} within in milliseconds */
  refreshWithin(within) {
    if (this.waiting) return;
    this.waiting = true;
    setTimeout(() => {
      this.waiting = false;
      void this.refresh();
    }, soon(within));
  }

  async refresh() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    const part = await fetchDocument(this.section.dataset.liveFragment ?? "");
    if (part === null) {
      this.refreshWithin(this.pause);
      this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    } else {
      this.pause = FIRST_PAUSE;
      this.merge(part);
    }
    // About one request a second at most, however many changes are reported.
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
    const wasAtEnd = this.follows && atEnd(list);
    const { added, replaced } = mergeComments(list, freshList, !this.follows);
    const earlier = this.section.querySelector("[data-live-earlier]");
    const freshEarlier = fresh.querySelector("[data-live-earlier]");
    if (replaced && earlier !== null && freshEarlier !== null) {
      earlier.replaceWith(document.importNode(freshEarlier, true));
    }
    for (const text of fresh.querySelectorAll("[data-live-part]")) {
      const name = /** @type {HTMLElement} */ (text).dataset.livePart;
      const shown = this.section.querySelector(`[data-live-part="${name}"]`);
      if (shown !== null) shown.textContent = text.textContent;
    }
    this.section.dataset.liveSince = fresh.dataset.liveSince;
    const status = this.section.querySelector("[data-live-status]");
    if (status !== null && added > 0) announce(status, added);
    if (wasAtEnd && added > 0) list.lastElementChild?.scrollIntoView({ block: "nearest" });
    this.showSent();
  }

  /**
   * Sends a comment without leaving the page. A refused form is left to the browser,
   * which shows what is wrong; otherwise the text stays here.
   * @param {SubmitEvent} event
   */
  async send(event) {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !("liveCompose" in form.dataset)) return;
    event.preventDefault();
    if ("sending" in form.dataset) return;
    form.dataset.sending = "";
    const values = new FormData(form);
    /** @type {Response | null} */
    let answer = null;
    try {
      answer = await fetch(form.action, {
        method: "POST",
        headers: { Prefer: "return=minimal" },
        body: new URLSearchParams([...values].map(([name, value]) => [name, String(value)])),
        redirect: "manual",
      });
    } catch {
      // Offline.
    }
    delete form.dataset.sending;
    form.querySelectorAll(".form-error, .field-error").forEach((error) => error.remove());
    if (answer?.status === 204) {
      this.sentId = answer.headers.get("Location")?.split("#")[1] ?? "";
      return this.sent(form, String(values.get("body")));
    }
    // A page of the same site that is answered with a redirect is the login's.
    if (answer?.type === "opaqueredirect") return this.say(form, "signed-out");
    if (answer === null || answer.status === 429 || answer.status >= 500) {
      return this.say(form, "not-sent");
    }
    form.submit();
  }

  /**
   * @param {HTMLFormElement} form
   * @param {string} text
   */
  sent(form, text) {
    const request = form.querySelector('[name="request"]');
    if (request instanceof HTMLInputElement) {
      request.value = `${Date.now()}-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
    }
    const textarea = form.querySelector("textarea");
    // Something else may have been typed meanwhile.
    if (textarea !== null && textarea.value === text) textarea.value = "";
    const reply = form.closest("details");
    if (reply !== null) {
      reply.open = false;
      reply.querySelector("summary")?.focus();
    } else {
      // Left by a reply that was refused and written again here.
      form.querySelector('[name="parent"]')?.remove();
      const label = form.querySelector("label");
      if (label !== null) label.textContent = label.dataset.label ?? "";
      if (this.follows) textarea?.focus();
    }
    this.showSent();
    void this.refresh();
  }

  /**
   * Says why a comment could not be sent, above its text, which stays.
   * @param {HTMLFormElement} form
   * @param {string} name of the words
   */
  say(form, name) {
    const words = this.section.querySelector(`template[data-live-words="${name}"]`);
    if (words instanceof HTMLTemplateElement) {
      form.prepend(document.importNode(words.content, true));
    }
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
    this.waiting = false;
    this.again = false;
    this.stream = new Stream(
      () => `/live/feed?since=${banner.dataset.liveSince}`, (within) => this.ask(within));
  }

  /**
   * Asks twice, because the feed gets a post only some time after it was published.
   * @param {number} within
   */
  ask(within) {
    if (this.waiting) {
      this.again = true;
      return;
    }
    this.waiting = true;
    this.again = false;
    setTimeout(() => void this.count(), 500 + soon(1500 + within));
    setTimeout(() => {
      this.waiting = false;
      if (this.again) this.ask(within);
      else void this.count();
    }, 8000 + soon(4000 + within));
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
