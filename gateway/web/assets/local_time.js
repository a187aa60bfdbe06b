/**
 * Shows times in the page's language, as the reader's region writes them, and in the
 * reader's time zone.
 * @param {ParentNode} root
 */
export function showLocalTimes(root) {
  const language = document.documentElement.lang;
  const languages = navigator.languages.filter((name) => name.startsWith(language));
  const format = new Intl.DateTimeFormat(languages.length > 0 ? [...languages] : language, {
    dateStyle: "long",
    timeStyle: "short",
  });
  for (const time of root.querySelectorAll("time[data-local-time]")) {
    const instant = new Date(time.getAttribute("datetime") ?? "");
    if (!Number.isNaN(instant.getTime())) time.textContent = format.format(instant);
  }
}
