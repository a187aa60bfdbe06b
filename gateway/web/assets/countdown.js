/**
 * The countdown of an offer: HH MM SS by the server's clock. The device's clock
 * only measures how long the page has been open; after sleep, and when the tab
 * comes back, the server is asked again.
 */

/** @typedef {{expire: number, now: number}} ServerTimes in milliseconds */

/** @param {number} left in milliseconds */
export function hoursMinutesSeconds(left) {
  const seconds = Math.max(0, Math.ceil(left / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(" ");
}

/**
 * Written in the page's language: "3 days".
 * @param {number} count
 * @param {"day" | "hour" | "minute"} unit
 */
function inWords(count, unit) {
  const language = document.documentElement.lang;
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/**
 * The time left, with days if there are two or more.
 * @param {number} left in milliseconds
 */
export function whatIsLeft(left) {
  const days = Math.floor(Math.ceil(left / 1000) / 86400);
  if (days < 2) return hoursMinutesSeconds(left);
  return `${inWords(days, "day")} ${hoursMinutesSeconds(left - days * 86400000)}`;
}

/** @param {number} left */
function spoken(left) {
  const minutes = Math.ceil(left / 60000);
  if (minutes > 2880) return inWords(Math.round(minutes / 1440), "day");
  return minutes > 90 ? inWords(Math.round(minutes / 60), "hour") : inWords(minutes, "minute");
}

class Countdown {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.time = element.querySelector("[data-countdown-time]");
    this.status = element.querySelector("[data-countdown-status]");
    this.start = element.parentElement?.querySelector("[data-countdown-start]");
    this.announced = Infinity;
    this.expire = Date.parse(element.dataset.expire ?? "");
    this.offset = Date.parse(element.dataset.now ?? "") - performance.now();
    const label = /** @type {HTMLElement | null} */ (
      element.querySelector("[data-countdown-label]"));
    if (label !== null) label.textContent = label.dataset.running ?? "";
    this.timer = setInterval(() => this.tick(), 250);
    this.tick();
  }

  /** @param {ServerTimes} times */
  set(times) {
    this.expire = times.expire;
    this.offset = times.now - performance.now();
  }

  left() {
    return this.expire - (performance.now() + this.offset);
  }

  tick() {
    const left = this.left();
    if (this.time !== null) this.time.textContent = whatIsLeft(left);
    if (left <= 0) return this.end();
    // Screen readers announce it, so not every second.
    const step = left > 3600000 ? 3600000 : left > 300000 ? 300000 : 60000;
    const mark = Math.ceil(left / step) * step;
    if (this.status !== null && mark < this.announced) {
      this.announced = mark;
      this.status.textContent = spoken(left);
    }
  }

  end() {
    clearInterval(this.timer);
    const over = this.element.dataset.over ?? "";
    // What is true only until then.
    this.element.parentElement?.querySelector("[data-countdown-running]")?.remove();
    if (this.status === null) {
      this.element.textContent = over;
    } else {
      // It has to stay where it is for screen readers to announce what it says now.
      for (const part of [...this.element.childNodes]) {
        if (part !== this.status) part.remove();
      }
      this.status.classList.remove("visually-hidden");
      this.status.textContent = over;
    }
    if (this.start instanceof HTMLAnchorElement) {
      this.start.removeAttribute("href");
      this.start.setAttribute("aria-disabled", "true");
    } else if (this.start instanceof HTMLButtonElement) {
      this.start.disabled = true;
    }
  }

  async ask() {
    try {
      const answer = await fetch("/v1/meter", { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const access = await answer.json();
      if (access.offer) {
        this.set({ expire: Date.parse(access.offer.expireTime), now: Date.parse(access.serverTime) });
      }
    } catch {
      // Offline: go on with the times already known.
    }
    this.tick();
  }
}

/** @param {ParentNode} root */
export function startCountdowns(root) {
  const countdowns = [...root.querySelectorAll("[data-countdown]")].map(
    (element) => new Countdown(/** @type {HTMLElement} */ (element)));
  if (countdowns.length === 0) return;
  const ask = () => countdowns.forEach((countdown) => void countdown.ask());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") ask();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) ask();
  });
}
