"""Text that is withheld is in nothing that those get who may not read it, whatever they ask
for, whoever has just read it, whatever their browser says it holds."""

import base64
import collections
import concurrent.futures
import email
import email.policy
import glob
import gzip
import os
import re
import subprocess
import time
import urllib.parse
import uuid

import surfaces
from articles import Articles
from client import Browser, token_in
from local_stack import SERVICES, wait_until
from redis_client import Redis

# `hidden`: the words that are not for this caller. `browser()` is its browser, or a new one.
Caller = collections.namedtuple("Caller", "name browser hidden")
METERED, PREMIUM, PUBLIC = "ACCESS_LEVEL_METERED", "ACCESS_LEVEL_PREMIUM", "ACCESS_LEVEL_PUBLIC"


def forms_of(word):
    """As it may stand somewhere: plain, in hexadecimal, within a text in Base64."""
    plain = word.encode()
    yield plain
    yield plain.hex().encode()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + plain)
        yield whole[4 if before else 0:len(whole) - 4]


def bytes_of(answer):
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return str(answer.headers).encode() + (gzip.decompress(answer.body) if packed else answer.body)


class Withheld(Articles):
    def find_nowhere(self):
        self.step("Withheld text: posts, and who may not read which of them")
        before = self.channel, self.topic
        self.open_channel("kept")
        self.etags = collections.defaultdict(list)  # of what, by path: (tag, words in the answer)
        self.seen = collections.defaultdict(set)  # words by path, as members and the author see it
        self.answers, self.statuses = collections.Counter(), collections.Counter()
        posts = self.write_kept()
        self.callers = self.those_without(posts)
        names = [surfaces.names_of(post, self) for post in posts.values()]
        paths = surfaces.paths_of(surfaces.patterns(self.visitor()), names)
        self.say(", ".join(caller.name for caller in self.callers))
        self.step(f"Withheld text: {len(paths)} addresses, just after a member and the author")
        for path in paths:
            self.ask_all(path)
        self.expect_seen(posts[PREMIUM])
        self.look_for_words(posts)
        self.read_together(posts[METERED])
        self.ask_for_trouble(posts, names)
        self.say(", ".join(f"{name} {count}" for name, count in self.answers.items()) + " answers")
        assert {200, 303, 304, 400, 401, 403, 404, 405} <= set(self.statuses), self.statuses
        self.look_into_stores(posts)
        self.channel, self.topic = before

    # What is withheld.

    def words(self, count):
        return [f"kept{uuid.uuid4().hex}" for _ in range(count)]

    def write_kept(self):
        posts = {level: self.write(level) for level in (PREMIUM, METERED)}
        posts["changed"] = self.write(PUBLIC)
        posts["draft"] = self.write(PREMIUM, publish=False)
        self.spell = re.compile(b"|".join(
            re.escape(form) for post in posts.values() for word in post["words"] for form in forms_of(word)))
        self.forms = {form: word for post in posts.values() for word in post["words"]
                      for form in forms_of(word)}
        self.discuss_kept(posts[PREMIUM])
        # Everybody has read it, and holds it, when it is closed.
        changed = posts["changed"]
        for path in (f"/v1/posts/{changed['postId']}", f"/c/{self.channel['slug']}/{changed['slug']}"):
            for browser in (self.visitor(), self.member, self.author):
                assert self.words_in(self.keep_etag(path, self.send(browser, "GET", path))), path
        self.change(changed["postId"], {"accessLevel": PREMIUM})
        return posts

    def write(self, level, publish=True):
        """A post with two words in its text, one in a text that it had, and two for comments."""
        first, second, former, *said = self.words(5)
        title = f"Kept {self.run} named{uuid.uuid4().hex}"
        text = "The beginning.\n\n<!--more-->\n\nThe {} stands beside the {}."
        made = self.expect(self.author.post("/v1/manuscripts", {
            "title": title, "lede": "What it is about.", "channelId": self.channel["channelId"],
            "topicIds": [self.topic["topicId"]], "accessLevel": level,
            "markdown": text.format(former, "past")}), 200)
        if publish:
            self.expect(self.author.post(f"/v1/manuscripts/{made['postId']}:publish"), 200)
        self.change(made["postId"], {"markdown": text.format(first, second)})
        post = self.expect(self.author.get(f"/v1/manuscripts/{made['postId']}"), 200)
        return post | {"words": [first, second, former, *said], "commentId": str(uuid.uuid4())}

    def discuss_kept(self, post):
        """Comments are for those who may read the post: one with a word in it, and one before."""
        said, edited = post["words"][3:]
        path = f"/v1/posts/{post['postId']}/comments"
        comment = self.expect(self.member.post(path, {"body": f"They said {said}."}), 200)
        post["commentId"] = comment["commentId"]
        self.expect(self.member.request("PATCH", f"/v1/comments/{comment['commentId']}",
                                        {"body": f"They said {edited}."}), 200)
        self.expect(self.author.post(path, {"body": f"Not {said}?", "parentId": comment["commentId"]}), 200)

    # Who may not read it.

    def those_without(self, posts):
        to_all = {word for kind, post in posts.items() if kind != METERED for word in post["words"]}
        to_used_up = to_all | set(posts[METERED]["words"])
        used_up, reader = self.visitor(), self.new_reader()
        people = {"visitor with no read left": used_up, "reader without access": reader}
        if self.short:
            people["reader after the trial"] = self.reader
        owner = list(people.values())[-1]
        secret = self.expect(owner.post("/v1/accessTokens", {
            "displayName": "kept", "scopes": ["read"], "lifetimeDays": 1}), 200)["secret"]
        people["access token of the last"] = Browser(self.url, bearer=secret)
        for name, browser in people.items():
            for post_id in self.metered[:5]:
                self.read(browser, post_id)
            for post in (posts[PREMIUM], posts["changed"], posts[METERED]):
                access = self.read(browser, post["postId"])["access"]
                assert not access["granted"], f"{name}: {access}"
        for browser in (reader, owner, self.member):
            self.expect(browser.request(
                "PUT", f"/v1/follows/FOLLOW_KIND_CHANNEL/{self.channel['channelId']}"), 200)
        wait_until(lambda: len(self.expect(reader.get("/v1/feed"), 200)["items"]) == 3, "the feed has them")
        # The first has a new browser each time.
        return [Caller("visitor", self.visitor, to_all)] + [
            Caller(name, lambda kept=browser: kept, to_used_up) for name, browser in people.items()]

    def new_reader(self):
        browser, address = self.visitor(), self.address(f"kept{uuid.uuid4().hex[:6]}")
        self.sign_up(browser, address, "SIGN_UP_INTENT_ACCOUNT")
        token = token_in(self.mailbox.wait(address))
        self.expect(browser.post("/v1/signUps:verify", {"token": token}), 200)
        return browser

    def account_id(self, browser):
        return self.expect(browser.get("/v1/account"), 200)["accountId"]

    # Asking, and looking through what comes.

    def send(self, browser, method, path, body=None, headers=None):
        """Again while there is no time for it: what is refused for that tells nothing."""
        raw = body.encode() if isinstance(body, str) else None
        form = {"Content-Type": "application/x-www-form-urlencoded"} if raw is not None else {}
        for _ in range(20):
            answer = browser.request(method, path, None if raw is not None else body,
                                     form | (headers or {}), raw)
            if answer.status not in (429, 503, 504):
                return answer
            assert "search" in path or not self.words_in(answer), f"{path}: {answer}"
            time.sleep(min(int(answer.headers.get("Retry-After") or 1), 20))
        raise AssertionError(f"{method} {path} is not answered: {answer}")

    def words_in(self, answer):
        return self.words_of(bytes_of(answer))

    def words_of(self, text):
        return {self.forms[form] for form in self.spell.findall(text)}

    def keep_etag(self, path, answer, echoed=()):
        if answer.headers.get("ETag"):
            self.etags[path].append((answer.headers["ETag"], self.words_in(answer) - set(echoed)))
        return answer

    def ask_all(self, path, echoed=()):
        """By those who may read it, then by the others."""
        for browser in (self.member, self.author):
            answer = self.keep_etag(path, self.send(browser, "GET", path), echoed)
            self.seen[path] |= self.words_in(answer)
        for caller in self.callers:
            browser = caller.browser()
            answer = self.keep_etag(path, self.send(browser, "GET", path), echoed)
            self.look(caller, answer, path, echoed)
            # As if their browser held what others got.
            tags = [tag for tag, words in self.etags[path] if words & caller.hidden]
            known = ", ".join(tags or [tag for tag, _ in self.etags[path]])
            headers = {"Accept-Encoding": "gzip"} | ({"If-None-Match": known} if known else {})
            answer = self.send(browser, "GET", path, None, headers)
            self.look(caller, answer, path, echoed)
            assert answer.status != 304 or not tags, f"{caller.name} is told to have {path}: {known}"

    def look(self, caller, answer, what, echoed=()):
        self.answers[caller.name] += 1
        self.statuses[answer.status] += 1
        found = (self.words_in(answer) & caller.hidden) - set(echoed)
        assert not found, f"{caller.name} finds {found} at {what}: {answer.headers}\n{answer}"

    def expect_seen(self, post):
        """That the search sees what is there: members find all of it at the same addresses."""
        first, second, former, said, edited = post["words"]
        names = surfaces.names_of(post, self)
        for template, words in (
                ("/c/{channel}/{post}", {first, second, said, edited}),
                ("/c/{channel}/{post}/discussion?post={post_id}", {said, edited}),
                ("/v1/posts/{post_id}", {first, second}), ("/v1/channels/{channel}/posts/{slug}", {first, second}),
                ("/v1/posts/{post_id}/comments", {edited}), ("/v1/comments/{comment_id}", {edited}),
                ("/v1/posts/{post_id}/comments?parentId={comment_id}", {said}),
                ("/v1/comments/{comment_id}/revisions", {said}), ("/v1/manuscripts/{post_id}", {first, second}),
                ("/v1/manuscripts/{post_id}/revisions", {former})):
            path = surfaces.fill(template, names)
            assert words <= self.seen[path], f"{path} shows those who may read it only {self.seen[path]}"

    def look_for_words(self, posts):
        self.step("Withheld text: search neither finds it nor tells whether it is there")
        for kind, post in posts.items():
            for query in surfaces.searches_of(post):
                sought = [word for word in post["words"] if word in query]
                self.ask_all(f"/search?{urllib.parse.urlencode({'q': query})}", sought)
                self.ask_all(f"/v1/posts:search?{urllib.parse.urlencode({'query': query})}")
            first, named = post["words"][0], post["title"].split()[-1]
            for browser in (self.member, *(caller.browser() for caller in self.callers)):
                may = browser is self.member and kind != "draft"
                there = kind != "draft"
                for query, count in ((first, may), (f"{named} {first}", may), (named, there),
                                     (f"{named} -{first}", there and not may)):
                    found = self.expect(self.send(
                        browser, "GET", "/v1/posts:search?" + urllib.parse.urlencode({"query": query})), 200)
                    assert len(found["posts"]) == count, f"{kind}, {query}: {found}"

    def read_together(self, post):
        """The gateway reads for many visitors at once: some may, some may not."""
        path = f"/c/{self.channel['slug']}/{post['slug']}"
        used_up = self.callers[1]
        for _ in range(5):
            browsers = [self.visitor() if number % 2 else used_up.browser().copy() for number in range(8)]
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda browser: self.send(browser, "GET", path), browsers))
            for number, answer in enumerate(answers):
                if number % 2:
                    assert set(post["words"][:2]) <= self.words_in(answer), answer
                else:
                    self.look(used_up, answer, f"{path}, with others")

    def ask_for_trouble(self, posts, names):
        self.step("Withheld text: errors and refused changes")
        for name in names:
            for method, path, body, headers in surfaces.writes_of(name):
                for caller in self.callers:
                    answer = self.send(caller.browser(), method, path, body, headers)
                    self.look(caller, answer, f"{method} {path}")
                    refused = answer.status >= 400 or method == "GET" or answer.status == 303
                    assert refused, f"{caller.name} may {method} {path}: {answer}"
        # Refused with the text in the request, which logs may not hold.
        post = posts[PREMIUM]
        path, text = f"/v1/manuscripts/{post['postId']}", {"markdown": f"A {post['words'][0]}"}
        self.expect(self.author.request("PATCH", path, text, {"If-Match": '"0"'}), 409, "ETAG_MISMATCH")
        self.expect(self.author.request("PATCH", path, text | {"title": ""}), 400)
        self.expect(self.author.request("PATCH", path, text | {"nonsense": 1}), 400)
        after = self.expect(self.author.get(path), 200)
        assert after["markdown"] == post["markdown"], after

    # Where nobody asks, but somebody may look.

    def look_into_stores(self, posts):
        self.step("Withheld text: mails, logs, Redis, the databases of others")
        kept = {"content": {word for post in posts.values() for word in post["words"][:3]},
                "comment": {word for post in posts.values() for word in post["words"][3:]}}
        sizes = collections.Counter()
        for place, text, may in self.stores(kept):
            found = self.words_of(text) - may
            assert not found, f"{place} holds {found}"
            sizes[place.split()[0]] += len(text)
        assert set(sizes) == {"mails", "logs", "redis", "database"} and all(sizes.values()), sizes
        self.say(", ".join(f"{size >> 10} KiB of {kind}" for kind, size in sizes.items()))

    def stores(self, kept):
        """(place, all that it holds, words that belong there)."""
        for path in glob.glob(os.path.join(self.settings["MAILDIR"], "new", "*")):
            with open(path, "rb") as file:
                mail = email.message_from_binary_file(file, policy=email.policy.default)
            parts = [part.get_payload(decode=True) or b"" for part in mail.walk()]
            yield "mails", b"\n".join([str(mail).encode(), *parts]), set()
        for path in glob.glob(os.path.join(self.settings["ROSTRUM_LOGS"], "*")):
            with open(path, "rb") as file:
                yield f"logs {os.path.basename(path)}", file.read(), set()
        for url in ("REDIS_URL", "REDIS_CACHE_URL"):
            for key, text in Redis(self.settings[url]).contents().items():
                yield f"redis {key}", text, set()
        for service in SERVICES:
            dump = subprocess.run(["pg_dump", "--data-only", self.settings[f"PG_URL_{service.upper()}"]],
                                  capture_output=True, check=True, timeout=60).stdout
            words = self.words_of(dump)
            assert not kept.get(service) or words & kept[service], f"{service} holds nothing of it"
            yield f"database {service}", dump, kept.get(service, set())
