"""What the steps of the journey are made of."""

import uuid

from client import Browser, Mailbox

PASSWORD = "a reader's long password"


class Steps:
    def __init__(self, settings, durations):
        self.settings = settings
        self.url = settings["ROSTRUM_URL"]
        self.mailbox = Mailbox(settings["MAILDIR"])
        self.logins = read_logins(settings["ROSTRUM_LOGINS"])
        self.short = durations
        self.run = uuid.uuid4().hex[:8]

    def step(self, text):
        print(f"\n== {text}", flush=True)

    def say(self, text):
        print(f"   {text}", flush=True)

    def expect(self, answer, status, reason=None):
        assert answer.status == status, f"expected {status}, got {answer}"
        if reason is not None:
            assert answer.reason == reason, f"expected {reason}, got {answer}"
        return answer.json if answer.body else None

    def visitor(self):
        return Browser(self.url)

    def address(self, name):
        return f"{name}.{self.run}@reader.example"

    def read(self, browser, post_id, status=200):
        return self.expect(browser.get(f"/v1/posts/{post_id}"), status)

    def log_in(self, email, password):
        browser = self.visitor()
        self.expect(browser.post("/v1/sessions", {"email": email, "password": password}), 200)
        return browser

    def marker(self, post_id):
        return f"protected sentence {post_id}"

    def open_channel(self, name):
        """A channel and a topic of their own for the posts that follow."""
        named = {"slug": f"{name}-{self.run}", "displayName": f"{name} {self.run}"}
        self.channel = self.expect(self.editor.post("/v1/channels", named), 200)
        self.topic = self.expect(self.editor.post("/v1/topics", named), 200)

    def draft(self, level, title=None):
        manuscript = self.expect(self.author.post("/v1/manuscripts", {
            "title": title or f"A post of {self.run}", "lede": "What it is about.",
            "channelId": self.channel["channelId"], "topicIds": [self.topic["topicId"]],
            "accessLevel": level, "markdown": "Placeholder."},
            Idempotency_Key=uuid.uuid4().hex), 200)
        post_id = manuscript["postId"]
        text = f"The beginning.\n\n<!--more-->\n\nThe {self.marker(post_id)} stands here."
        return self.expect(self.author.request(
            "PATCH", f"/v1/manuscripts/{post_id}", {"markdown": text},
            {"If-Match": manuscript["etag"]}), 200)["postId"]

    def published(self, level):
        post_id = self.draft(level)
        answer = self.expect(self.author.post(f"/v1/manuscripts/{post_id}:publish"), 200)
        assert answer["state"] == "MANUSCRIPT_STATE_PUBLISHED", answer
        return post_id

    def expect_withheld(self, browser, post_id, reason):
        answer = browser.get(f"/v1/posts/{post_id}")
        post = self.expect(answer, 200)
        assert not post["access"]["granted"] and post["access"]["reason"] == reason, post["access"]
        assert "The beginning." in post["previewHtml"] and not post["bodyHtml"], post
        raw = answer.body + str(answer.headers).encode()
        assert self.marker(post_id).encode() not in raw, "protected text in the answer"
        self.say(f"{reason}: preview only, protected text in no byte of it")
        return post["access"]

    def sign_up(self, browser, email, intent="SIGN_UP_INTENT_TRIAL", password=PASSWORD):
        return self.expect(browser.post("/v1/signUps", {
            "displayName": "Jane Reader", "email": email, "password": password,
            "intent": intent, "returnPath": f"/p/{self.metered[5]}"}), 200)

    def feed(self, page_size, meanwhile=None):
        items = []
        for number, item in enumerate(self.member.pages("/v1/feed", "items", pageSize=page_size)):
            if number == 4 and meanwhile is not None:
                meanwhile()
            items.append(item)
        return items


def read_logins(path):
    """Lines of "role<TAB>email<TAB>password"."""
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {role: (email, password) for role, email, password in rows}
