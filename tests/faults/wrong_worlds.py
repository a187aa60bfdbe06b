"""A world without a stack in which every check passes, and for each check ways to be wrong."""

import collections
import contextlib
import os
import unittest.mock

import checks
from client import Answer
from history import History
from world import World

EVENTS = {(service, what): rows for service in checks.SERVICES for what, rows in (
    ("FROM outbox_epoch", [["e", "7", "2"]]), ("FROM event_position", [["e", "7", "2"]]),
    ("count(*) FROM outbox", [["2"]]))}
# What databases answer: by the service and by what stands in the query, the first that fits.
ROWS = {
    ("ACCOUNT", "finish_time IS NULL"): [["0"]],
    ("ACCOUNT", "SELECT outcome"): [["accepted", "3"]],
    ("ACCOUNT", "display_name FROM accounts"): [["a", "Ann"]],
    ("ACCOUNT", "SELECT email_lower"): [["n@mail.example", "n"]],
    ("COMMENT", "SELECT comment_id, body"): [["c", "text"], ["d", ""]],
    ("COMMENT", "d.comment_count"): [],
    ("COMMENT", "p.reply_count"): [],
    ("COMMENT", "%CommentCreated"): [["2"]],
    ("COMMENT", "%CommentChanged"): [["1"]],
    ("COMMENT", "sum(version"): [["1"]],
    ("COMMENT", "FROM commenters"): [["a", "Ann"]],
    ("COMMENT", "channel_id IS NOT NULL"): [["1"]],
    ("FEED", "FROM room_members m JOIN"): [["0"]],
    ("FEED", "FROM member_names"): [["a", "Ann"]],
    ("FEED", "SELECT account_id, channel_id"): [["a", "here"]],
    ("FEED", "r.member_count"): [],
    ("FEED", "FROM follows"): [["a", "followed"]],
    ("FEED", "FROM posts"): [["p"]],
    ("FEED", "FROM feed_entries"): [["p", "here"]],
    ("CONTENT", "SELECT title"): [["One"], ["Two"]],
    ("CONTENT", "SELECT post_id FROM posts"): [["p"]],
    ("CONTENT", "SELECT post_id, channel_id"): [["p", "here"]],
    ("CONTENT", "SELECT key, type"): [],
    ("CONTENT", "count(*) FROM entitlements"): [["1"]],
    ("CONTENT", "FROM entitlements"): [["n", "then"]],
    ("CONTENT", "sum(unique_view_count)"): [["2", "1", "1"]],
    ("CONTENT", "sum(view_count)"): [["2"]],
    ("SUBSCRIPTION", "SELECT account_id FROM trials"): [["n"]],
    ("SUBSCRIPTION", "SELECT t.account_id"): [],
    ("SUBSCRIPTION", "FROM payments"): [["m", "1"], ["l", "1"]],
    ("SUBSCRIPTION", "cancel_time IS NOT NULL"): [["l"]],
    ("SUBSCRIPTION", "SELECT account_id FROM memberships"): [["m"], ["l"]],
    ("SUBSCRIPTION", "max(until)"): [["n", "then"]],
    ("SUBSCRIPTION", "'12 seconds'"): [["1"]],
} | EVENTS
FACTS = {
    "comment": [{"comment_id": "c", "text": "text"}, {"comment_id": "d", "text": ""}],
    "name": [{"account_id": "a", "name": "Ann"}],
    "room": [{"account_id": "a", "channel": "here", "joined": True},
             {"account_id": "a", "channel": "there", "joined": False}],
    "follow": [{"account_id": "a", "target": "followed", "follows": True},
               {"account_id": "a", "target": "other", "follows": False}],
    "post": [{"post_id": "p"}, {"post_id": "w"}],
    "withdrawn": [{"post_id": "w"}],
    "verified": [{"person": "n", "address": "N@mail.example", "outcome": "TRIAL_OUTCOME_STARTED"}],
    "payment": [{"account_id": "m"}, {"account_id": "l"}],
    "cancelled": [{"account_id": "l"}],
    "session": [{"cookie": "open"}],
    "ended": [{"cookie": "over"}],
    "pass": [{"tried": ["p"], "granted": {"p": 100}, "used": 1}],
}
READ = ("p", 100, 101, True, "200")
OTHERS = {
    "looked": ([], {"feed of content": 1}, {"feed, posts": 1}),
    "reads": [READ, READ], "views wait": False, "reminders": ["id"],
    "open": 200, "over": 401, "free reads": 5, "shown": True, "trial": "TRIAL_OUTCOME_STARTED",
}
# One person with two addresses.
TWICE = {
    "verified": [{"person": "n", "address": "n@mail.example", "outcome": "TRIAL_OUTCOME_STARTED"},
                 {"person": "n", "address": "o@mail.example", "outcome": "TRIAL_OUTCOME_USED"}],
    ("ACCOUNT", "SELECT email_lower"): [["n@mail.example", "n"], ["o@mail.example", "o"]],
}

WRONG = [
    ("consumers have read all events", {("COMMENT", "FROM event_position"): [["e", "7", "1"]]}),
    ("consumers have read all events", {("FEED", "FROM event_position"): []}),
    ("consumers have read all events", {("ACCOUNT", "count(*) FROM outbox"): [["0"]]}),
    ("every event was applied once", {"looked": (["twice"], {"feed of content": 1}, {"feed, posts": 1})}),
    ("every event was applied once", {"looked": ([], {"feed of content": 0}, {"feed, posts": 1})}),
    ("every event was applied once", {"looked": ([], {"feed of content": 1}, {"feed, posts": 0})}),
    ("mails are all sent", {("ACCOUNT", "finish_time IS NULL"): [["1"]]}),
    ("mails are all sent", {("ACCOUNT", "SELECT outcome"): [["accepted", "3"], ["dropped", "1"]]}),
    ("mails are all sent", {("ACCOUNT", "SELECT outcome"): []}),
    ("comments stand once", {"comment": []}),
    ("comments stand once", {("COMMENT", "SELECT comment_id, body"): [["d", ""]]}),
    ("comments stand once", {("COMMENT", "SELECT comment_id, body"): [["c", "text"], ["d", "back"]]}),
    ("comments stand once", {("COMMENT", "SELECT comment_id, body"): [["c", "text"], ["d", ""],
                                                                      ["e", "text"]],
                             ("COMMENT", "%CommentCreated"): [["3"]]}),
    ("comments stand once", {("COMMENT", "d.comment_count"): [["p", "1", "2"]]}),
    ("comments stand once", {("COMMENT", "p.reply_count"): [["c", "1", "2"]]}),
    ("comments stand once", {("COMMENT", "%CommentCreated"): [["3"]]}),
    ("comments stand once", {("COMMENT", "%CommentChanged"): [["0"]]}),
    ("names are as they were last acknowledged", {"name": []}),
    ("names are as they were last acknowledged", {("ACCOUNT", "display_name FROM accounts"): []}),
    ("names are as they were last acknowledged", {("COMMENT", "FROM commenters"): [["a", "Anna"]]}),
    ("names are as they were last acknowledged", {("FEED", "FROM member_names"): [["a", "Anna"]]}),
    ("names are as they were last acknowledged", {("FEED", "FROM room_members m JOIN"): [["1"]]}),
    ("those are in rooms who joined them", {"room": []}),
    ("those are in rooms who joined them", {("FEED", "SELECT account_id, channel_id"): []}),
    ("those are in rooms who joined them", {("FEED", "SELECT account_id, channel_id"): [
        ["a", "here"], ["a", "there"]]}),
    ("those are in rooms who joined them", {("FEED", "r.member_count"): [["here", "2", "1"]]}),
    ("those are in rooms who joined them", {("COMMENT", "channel_id IS NOT NULL"): [["0"]]}),
    ("follows stand as they were last asked for", {"follow": []}),
    ("follows stand as they were last asked for", {("FEED", "FROM follows"): []}),
    ("follows stand as they were last asked for", {("FEED", "FROM follows"): [
        ["a", "followed"], ["a", "other"]]}),
    ("posts stand once, and in the feed", {"post": []}),
    ("posts stand once, and in the feed", {"withdrawn": []}),
    ("posts stand once, and in the feed", {("CONTENT", "SELECT title"): [["One"], ["One"]]}),
    ("posts stand once, and in the feed", {("FEED", "FROM posts"): [["p"], ["w"]]}),
    ("posts stand once, and in the feed", {("CONTENT", "SELECT post_id FROM posts"): [["p"], ["w"]],
                                           ("FEED", "FROM posts"): [["p"], ["w"]]}),
    ("posts stand once, and in the feed", {("CONTENT", "SELECT post_id FROM posts"): [],
                                           ("FEED", "FROM posts"): []}),
    ("posts stand once, and in the feed", {("FEED", "FROM feed_entries"): []}),
    ("posts stand once, and in the feed", {("CONTENT", "SELECT key, type"): [["w", "Unpublished", "2"]]}),
    ("sign-ups made one account each, one trial a person", {"verified": []}),
    ("sign-ups made one account each, one trial a person", {("ACCOUNT", "SELECT email_lower"): []}),
    ("sign-ups made one account each, one trial a person", {
        ("SUBSCRIPTION", "SELECT account_id FROM trials"): []}),
    ("sign-ups made one account each, one trial a person", {
        **TWICE, ("SUBSCRIPTION", "SELECT account_id FROM trials"): [["n"], ["o"]]}),
    ("sign-ups made one account each, one trial a person", {
        **TWICE, ("SUBSCRIPTION", "SELECT account_id FROM trials"): [["o"]]}),
    ("sign-ups made one account each, one trial a person", {
        ("SUBSCRIPTION", "SELECT t.account_id"): [["n", "2"]]}),
    ("payments made one membership and one receipt each", {"payment": []}),
    ("payments made one membership and one receipt each", {"cancelled": []}),
    ("payments made one membership and one receipt each", {
        ("SUBSCRIPTION", "FROM payments"): [["m", "1"]]}),
    ("payments made one membership and one receipt each", {
        ("SUBSCRIPTION", "FROM payments"): [["m", "2"], ["l", "1"]]}),
    ("payments made one membership and one receipt each", {
        ("SUBSCRIPTION", "SELECT account_id FROM memberships"): [["m"]]}),
    ("payments made one membership and one receipt each", {
        ("SUBSCRIPTION", "cancel_time IS NOT NULL"): []}),
    ("content knows who is entitled", {("CONTENT", "FROM entitlements"): [["n", "later"]]}),
    ("content knows who is entitled", {("CONTENT", "count(*) FROM entitlements"): [["0"]]}),
    ("reminders were told once", {("SUBSCRIPTION", "'12 seconds'"): [["0"]]}),
    ("reminders were told once", {"reminders": []}),
    ("reminders were told once", {"reminders": ["id", "other"]}),
    ("sessions hold", {"session": []}),
    ("sessions hold", {"open": 401}),
    ("sessions that were ended are over", {"ended": []}),
    ("sessions that were ended are over", {"over": 200}),
    ("a comment stands on the pages of every gateway at once", {"shown": False}),
    ("the meter gave five free reads", {"pass": []}),
    ("the meter gave five free reads", {"pass": [{"tried": [], "granted": {}, "used": 0}]}),
    ("the meter gave five free reads", {"pass": [
        {"tried": list("123456"), "granted": dict.fromkeys("123456", 100), "used": 5}]}),
    ("the meter gave five free reads", {"pass": [{"tried": ["p"], "granted": {"p": 100}, "used": 2}]}),
    ("a new visitor has five and no more", {"free reads": 6}),
    ("a new visitor has five and no more", {"free reads": 4}),
    ("a new person gets a trial", {"trial": None}),
    ("a new person gets a trial", {"trial": "TRIAL_OUTCOME_USED"}),
    ("views were counted", {"reads": [], ("CONTENT", "sum(view_count)"): [["0"]]}),
    ("views were counted", {"views wait": True}),
    ("views were counted", {("CONTENT", "sum(view_count)"): [["1"]]}),
    ("views were counted", {("CONTENT", "sum(view_count)"): [["3"]]}),
    ("views were counted", {("CONTENT", "sum(unique_view_count)"): [["2", "3", "3"]]}),
    ("views were counted", {("CONTENT", "sum(unique_view_count)"): [["2", "2", "1"]]}),
    ("views were counted", {("CONTENT", "sum(unique_view_count)"): [["2", "0", "0"]]}),
]


class Told(World):
    """A world that is told what is so."""

    def __init__(self, change):
        self.so = ROWS | FACTS | OTHERS | change
        self.history = History(os.devnull)
        self.history.facts = {kind: self.so[kind] for kind in FACTS}
        self.history.reads = self.so["reads"]
        self.settings = collections.defaultdict(str)
        self.url, self.gateways = "one", ["one", "two"]
        self.author = self.editor = None
        self.posts = {"ACCESS_LEVEL_METERED": list("123456"), "ACCESS_LEVEL_PUBLIC": ["p"]}
        self.paged = {"q"}
        self.mails = self
        self.said = ""

    def rows(self, service, sql):
        return next(rows for what, rows in self.so.items()
                    if what[0] == service and what[1] in sql)

    def log_in(self, person, gateway=None):
        return Reader(self)

    def to(self, address):
        return [(mail, {"Subject": "Your trial ends soon"}) for mail in self.so["reminders"]]

    def checked(self):
        """The names of the checks, and of those that something was wrong for."""
        fakes = {"until": lambda seconds, condition: condition(), "Client": lambda *a, **k: Reader(self),
                 "Browser": lambda *a: Reader(self), "Newcomer": lambda *a, **k: Reader(self),
                 "Redis": lambda *a: Reader(self), "once.look": lambda rows: self.so["looked"]}
        with contextlib.ExitStack() as patches:
            patches.enter_context(contextlib.redirect_stdout(None))
            for name, fake in fakes.items():
                patches.enter_context(unittest.mock.patch(f"checks.{name}", fake))
            results = checks.Checks(self).all()
        self.history.file.close()
        return [name for name, _ in results], {name for name, detail in results if detail == "NO"}


class Reader:
    """All that checks ask something of."""

    def __init__(self, world):
        self.world = world
        self.so = world.so
        self.cookies = {}
        self.asked = 0
        self.stop = self

    def set(self):
        pass

    def post(self, path, body):
        self.world.said = body["body"]
        return Answer(200, {}, b"{}")

    def get(self, path):
        return Answer(200, {}, self.world.said.encode() if self.so["shown"] else b"")

    def send(self, method, path):
        if path == "/v1/account":
            return Answer(self.so[self.cookies["session"]], {}, b"{}")
        self.asked += 1
        reason = "METER" if self.asked <= self.so["free reads"] else "METER_ENDED"
        return Answer(200, {}, b'{"access": {"reason": "ACCESS_REASON_%s"}}' % reason.encode())

    def sign_up(self, person, address):
        return self.so["trial"] and (self.so["trial"], None)

    def views_wait(self):
        return self.so["views wait"]
