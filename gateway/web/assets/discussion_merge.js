/** Puts the comments of a fetched discussion into the one that is shown. */
import { showLocalTimes } from "./local_time.js";

/** @param {Element} item */
function copyOf(item) {
  const copy = document.importNode(item, true);
  showLocalTimes(copy);
  return copy;
}

/**
 * Whether a reply to the comment is being written.
 * @param {Element} comment
 */
function isWrittenIn(comment) {
  return [...comment.querySelectorAll("textarea")].some(
    (area) => area === document.activeElement || area.value !== area.defaultValue);
}

/**
 * Puts a fresh copy in the place of a comment, and the focus of the keyboard with it.
 * @param {Element} shown
 * @param {Element} item
 */
function replace(shown, item) {
  const copy = /** @type {HTMLElement} */ (copyOf(item));
  const hadFocus = shown.contains(document.activeElement);
  shown.replaceWith(copy);
  const first = copy.querySelector("summary, a, button");
  if (hadFocus && first instanceof HTMLElement) first.focus({ preventScroll: true });
  return copy;
}

/**
 * The last comment that stands below one in its thread; the comment itself if there
 * is none.
 * @param {HTMLElement} comment
 */
function lastOfThread(comment) {
  const thread = new Set([comment.id]);
  let last = comment;
  for (let next = comment.nextElementSibling;
    next instanceof HTMLElement && thread.has(`comment-${next.dataset.parent}`);
    next = next.nextElementSibling) {
    thread.add(next.id);
    last = next;
  }
  return last;
}

/** @param {Element} item */
const shownAs = (item) => document.getElementById(item.id);

/**
 * @param {Element} list of the comments that are shown
 * @param {Element} freshList of the latest comments
 * @param {boolean} threaded replies stand below what they reply to
 * @returns {{added: number, replaced: boolean}} `replaced` if the latest comments do not
 *     reach back to those that were shown: then only the latest are shown
 */
export function mergeComments(list, freshList, threaded) {
  const items = [...freshList.children];
  const joinsOn = items.some((item) => shownAs(item) !== null);
  if (!joinsOn && ![...list.children].some(isWrittenIn)) {
    list.replaceChildren(...items.map(copyOf));
    return { added: items.length, replaced: true };
  }
  let added = 0;
  /** @type {Element | null} the item after which the next one stands */
  let last = joinsOn ? null : list.lastElementChild;
  /** @param {Element} item */
  const goOnAfter = (item) => {
    // Never back: a reply may stand far above, below what it replies to.
    const isAfter = last === null ||
      (last.compareDocumentPosition(item) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
    if (isAfter) last = item;
  };
  for (const item of items) {
    const { version, parent } = /** @type {HTMLElement} */ (item).dataset;
    let shown = shownAs(item);
    if (shown === null) {
      const copy = copyOf(item);
      copy.classList.add("comment-new");
      const above = threaded ? document.getElementById(`comment-${parent}`) : null;
      if (above !== null) lastOfThread(above).after(copy);
      else if (last !== null) last.after(copy);
      else list.prepend(copy);
      shown = /** @type {HTMLElement} */ (copy);
      added += 1;
    } else if (shown.dataset.version !== version && !isWrittenIn(shown)) {
      shown = replace(shown, item);
    }
    goOnAfter(shown);
  }
  return { added, replaced: false };
}
