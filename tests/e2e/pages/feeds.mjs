// What machines read: feeds by a reader's library, sitemap, robots.
import assert from "node:assert/strict";
import http from "node:http";
import { parseAtomFeed, parseJsonFeed, parseRssFeed } from "feedsmith";

async function get(url) {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  return answer.text();
}

export async function checkFeeds(url) {
  for (const base of ["", "/c/long-view", "/t/war", "/a/amara-okoye"]) {
    const rss = parseRssFeed(await get(`${url}${base}/feed.rss`));
    const atom = parseAtomFeed(await get(`${url}${base}/feed.atom`));
    const json = parseJsonFeed(await get(`${url}${base}/feed.json`));
    assert.ok(rss.items.length > 0, base);
    assert.deepEqual(atom.entries.map((entry) => entry.title?.value ?? entry.title),
      rss.items.map((item) => item.title));
    assert.deepEqual(json.items.map((item) => item.title), rss.items.map((item) => item.title));
    const times = atom.entries.map((entry) => entry.published);
    assert.deepEqual(times, [...times].sort().reverse(), "newest first");
  }
  // Caches may share a feed: it must log nobody out, as a page does whose session is over.
  const over = { headers: { cookie: "session=rss_over" } };
  const cookieOf = (path) => new Promise((resolve, reject) => {
    http.get(`${url}${path}`, over, (answer) => {
      resolve(answer.resume().headers["set-cookie"]?.[0]);
    }).on("error", reject);
  });
  assert.match(await cookieOf("/"), /^session=;/);
  assert.equal(await cookieOf("/feed.rss"), undefined);
  // fetch says that a script asks.
  assert.equal((await fetch(`${url}/`, over)).headers.get("set-cookie"), null);
  const sitemap = await get(`${url}/sitemap.xml`);
  assert.ok((sitemap.match(/<loc>/g) ?? []).length > 40);
  assert.match(await get(`${url}/robots.txt`), /User-agent: GPTBot/);
  assert.deepEqual(JSON.parse(await get(`${url}/.well-known/tdmrep.json`)),
    [{ "location": "/", "tdm-reservation": 1 }]);
}
