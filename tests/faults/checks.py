"""What must be true when all is up again, whatever was done meanwhile."""

import uuid

import once
from actors import Newcomer
from client import Browser
from history import Client
from redis_client import Redis
from world import until

# How long a kill may have taken views with it, and what in-flight requests add.
LOST_SECONDS = 1.5
# After so long what waited for Redis was handed on.
CATCH_UP_SECONDS = 3
SERVICES = ("ACCOUNT", "SUBSCRIPTION", "CONTENT", "FEED", "COMMENT")


class Checks:
    """Compares the history with the databases. Each check adds what is wrong."""

    def __init__(self, world):
        self.world = world
        self.history = world.history
        self.results = []

    def all(self):
        self.step("consumers have read all events", self.events_are_read)
        self.step("every event was applied once", self.events_are_applied_once)
        self.step("mails are all sent", self.mails_are_sent)
        self.step("comments stand once", self.comments)
        self.step("names are as they were last acknowledged", self.names)
        self.step("those are in rooms who joined them", self.rooms)
        self.step("follows stand as they were last asked for", self.follows)
        self.step("posts stand once, and in the feed", self.posts)
        self.step("sign-ups made one account each, one trial a person", self.sign_ups)
        self.step("payments made one membership and one receipt each", self.payments)
        self.step("content knows who is entitled", self.entitlements)
        self.step("reminders were told once", self.reminders)
        self.step("sessions hold", self.sessions)
        self.step("sessions that were ended are over", self.ended_sessions)
        self.step("a comment stands on the pages of every gateway at once", self.pages)
        self.step("the meter gave five free reads", self.meter)
        self.step("a new visitor has five and no more", self.new_visitor)
        self.step("a new person gets a trial", self.new_person)
        self.step("views were counted", self.views)
        return self.results

    def step(self, name, check):
        try:
            detail = check()
        except AssertionError as error:
            self.history.complain(f"{name}: {error}")
            detail = "NO"
        self.results.append((name, detail))
        print(f"   {name}: {detail}", flush=True)

    def acknowledged(self, kind):
        """Facts of a kind. A run in which there was none of it would show nothing."""
        facts = self.history.of(kind)
        assert facts, f"no {kind} was acknowledged"
        return facts

    def events_are_read(self):
        """Every consumer stands at or behind the last event that it asks for."""
        def behind():
            late = []
            for consumer, producer in once.CONSUMERS:
                ends = self.world.rows(producer.upper(),
                                       "SELECT epoch, coalesce((SELECT xid::text || '|' || id FROM outbox"
                                       " ORDER BY xid DESC, id DESC LIMIT 1), '0|0') FROM outbox_epoch")
                at = self.world.rows(consumer, "SELECT epoch, xid, id FROM event_position"
                                               f" WHERE producer = '{producer}'")
                epoch, xid, number = ends[0]
                if xid == "0":
                    continue
                if not at or at[0][0] != epoch or (int(at[0][1]), int(at[0][2])) < (int(xid), int(number)):
                    late.append(f"{consumer} of {producer}: {at} < {ends}")
            return late
        assert until(90, lambda: not behind()), behind()
        told = {service: self.world.count(service, "outbox") for service in SERVICES}
        assert all(told[producer.upper()] for _, producer in once.CONSUMERS), f"no events: {told}"
        return f"{sum(told.values())} events"

    def events_are_applied_once(self):
        """For faults.py, which has had consumers watched from the start."""
        wrong, moves, effects = once.look(self.world.rows)
        assert not wrong, "\n   ".join([f"{len(wrong)} wrong", *wrong[:20]])
        idle = [name for name, times in [*moves.items(), *effects.items()] if not times]
        assert not idle, f"none was seen: {idle}"
        return f"{sum(moves.values())} moves of positions, {sum(effects.values())} effects with them"

    def mails_are_sent(self):
        waiting = "SELECT count(*) FROM mails WHERE finish_time IS NULL"
        assert until(150, lambda: self.world.value("ACCOUNT", waiting) == "0"), "mails wait"
        outcomes = self.world.rows("ACCOUNT", "SELECT outcome, count(*) FROM mails GROUP BY 1")
        assert outcomes and not {o for o, _ in outcomes} & {"refused", "dropped"}, outcomes
        return outcomes

    def comments(self):
        stand = dict(self.world.rows("COMMENT", "SELECT comment_id, body FROM comments"))
        bodies = [body for body in stand.values() if body]
        assert len(bodies) == len(set(bodies)), "a comment stands twice"
        # The last text that was acknowledged; none is left of what was deleted.
        wanted = {fact["comment_id"]: fact["text"] for fact in self.acknowledged("comment")}
        for comment_id, text in wanted.items():
            assert stand.get(comment_id) == text, f"lost: {comment_id} {text}: {stand.get(comment_id)}"
        wrong = self.world.rows("COMMENT", """
          SELECT d.post_id, d.comment_count, count(c.*) FROM discussions d
          LEFT JOIN comments c ON d.post_id IN (c.post_id, c.channel_id) AND c.delete_time IS NULL
          GROUP BY 1, 2 HAVING d.comment_count <> count(c.*)""")
        assert not wrong, f"counts of comments: {wrong}"
        replies = self.world.rows("COMMENT", """
          SELECT p.comment_id, p.reply_count, count(r.*) FROM comments p
          LEFT JOIN comments r ON r.parent_id = p.comment_id
          GROUP BY 1, 2 HAVING p.reply_count <> count(r.*)""")
        assert not replies, f"counts of replies: {replies}"
        created = self.world.count("COMMENT", "outbox WHERE type LIKE '%CommentCreated'")
        assert created == len(stand), f"{created} events of {len(stand)} comments"
        changed = self.world.count("COMMENT", "outbox WHERE type LIKE '%CommentChanged'")
        changes = int(self.world.value("COMMENT", "SELECT coalesce(sum(version - 1), 0) FROM comments"))
        assert changed == changes, f"{changed} events of {changes} changes"
        return f"{len(wanted)} acknowledged, {len(stand)} stored, {changes} changes"

    def names(self):
        """Those that comment and feed keep are theirs by events only."""
        wanted = {(fact["account_id"], fact["name"]) for fact in self.acknowledged("name")}
        for service, table in (("ACCOUNT", "accounts"), ("COMMENT", "commenters"),
                               ("FEED", "member_names")):
            def there():
                return {tuple(row) for row in self.world.rows(
                    service, f"SELECT account_id, display_name FROM {table}")}
            assert until(30, lambda: wanted <= there()), f"{table} lack {wanted - there()}"
        stale = "room_members m JOIN member_names n USING (account_id) WHERE m.display_name <> n.display_name"
        assert until(30, lambda: not self.world.count("FEED", stale)), "a room shows a former name"
        return f"{len(wanted)} names"

    def rooms(self):
        rows = {tuple(row) for row in self.world.rows(
            "FEED", "SELECT account_id, channel_id FROM room_members")}
        facts = self.acknowledged("room")
        for fact in facts:
            stands = (fact["account_id"], fact["channel"]) in rows
            assert stands == fact["joined"], f"{fact} but {stands}"
        wrong = self.world.rows("FEED", """
          SELECT r.channel_id, r.member_count, count(m.*) FROM rooms r
          LEFT JOIN room_members m USING (channel_id)
          GROUP BY 1, 2 HAVING r.member_count <> count(m.*)""")
        assert not wrong, f"counts of members: {wrong}"
        said = self.world.count("COMMENT", "comments WHERE channel_id IS NOT NULL")
        assert said, "nobody spoke in a room"
        return f"{len(facts)} acknowledged, {len(rows)} members, {said} comments"

    def follows(self):
        rows = {tuple(row) for row in self.world.rows("FEED", "SELECT account_id, target_id FROM follows")}
        facts = self.acknowledged("follow")
        for fact in facts:
            stands = (fact["account_id"], fact["target"]) in rows
            assert stands == fact["follows"], f"{fact} but {stands}"
        return f"{len(facts)} acknowledged"

    def posts(self):
        titles = [r[0] for r in self.world.rows("CONTENT", "SELECT title FROM posts")]
        assert len(titles) == len(set(titles)), "a manuscript stands twice"
        published = {r[0] for r in self.world.rows("CONTENT", "SELECT post_id FROM posts WHERE state = 3")}
        withdrawn = {fact["post_id"] for fact in self.acknowledged("withdrawn")}
        wanted = {fact["post_id"] for fact in self.acknowledged("post")} - withdrawn
        assert wanted <= published, f"lost: {wanted - published}"
        assert not withdrawn & published, f"withdrawn, but published: {withdrawn & published}"
        def in_feed():
            return {r[0] for r in self.world.rows("FEED", "SELECT post_id FROM posts")}
        assert until(30, lambda: in_feed() == published), in_feed() ^ published
        entries = {(r[0], r[1]) for r in self.world.rows(
            "FEED", "SELECT post_id, target_id FROM feed_entries WHERE kind = 1")}
        channels = {(r[0], r[1]) for r in self.world.rows(
            "CONTENT", "SELECT post_id, channel_id FROM posts WHERE state = 3")}
        assert entries == channels, entries ^ channels
        told = self.world.rows("CONTENT", "SELECT key, type, count(*) FROM outbox WHERE type LIKE"
                                          " '%Published' OR type LIKE '%Unpublished'"
                                          " GROUP BY 1, 2 HAVING count(*) > 1")
        assert not told, f"told twice: {told}"
        return f"{len(wanted)} acknowledged, {len(withdrawn)} withdrawn, {len(published)} published"

    def sign_ups(self):
        accounts = dict(self.world.rows("ACCOUNT", "SELECT email_lower, account_id FROM accounts"))
        verified = self.acknowledged("verified")
        for fact in verified:
            assert fact["address"].lower() in accounts, f"no account: {fact}"
        def trials():
            return {r[0] for r in self.world.rows("SUBSCRIPTION", "SELECT account_id FROM trials")}
        by_person = {}
        for fact in verified:
            by_person.setdefault(fact["person"], []).append(fact)
        def of_person(facts):
            return {accounts[f["address"].lower()] for f in facts} & trials()
        assert until(60, lambda: all(len(of_person(f)) == 1 for f in by_person.values())), [
            (facts, of_person(facts)) for facts in by_person.values() if len(of_person(facts)) != 1]
        for fact in verified:
            if fact["outcome"] == "TRIAL_OUTCOME_STARTED":
                assert accounts[fact["address"].lower()] in trials(), f"no trial: {fact}"
        # Newcomers do not pay, and their trials last: there is nothing else to be told.
        told = self.world.rows("SUBSCRIPTION", """
          SELECT t.account_id, count(o.*) FROM trials t LEFT JOIN outbox o
          ON o.key = t.account_id::text AND o.type LIKE '%EntitlementChanged'
          GROUP BY 1 HAVING count(o.*) <> 1""")
        assert not told, f"trials that were not told once: {told}"
        return f"{len(verified)} accounts of {len(by_person)} people"

    def payments(self):
        paid, cancelled = self.acknowledged("payment"), self.acknowledged("cancelled")
        def receipts():
            return dict(self.world.rows("SUBSCRIPTION",
                                        "SELECT account_id, count(*) FROM payments GROUP BY 1"))
        ids = {f["account_id"] for f in paid}
        assert until(90, lambda: ids <= set(receipts())), ids - set(receipts())
        assert set(receipts().values()) <= {"1"}, f"paid twice: {receipts()}"
        members = {r[0] for r in self.world.rows(
            "SUBSCRIPTION", "SELECT account_id FROM memberships WHERE entitled_until > now()")}
        assert ids <= members, ids - members
        ending = {r[0] for r in self.world.rows("SUBSCRIPTION", "SELECT account_id FROM memberships"
                                                " WHERE cancel_time IS NOT NULL")}
        wrong = ending ^ {fact["account_id"] for fact in cancelled}
        assert not wrong, f"cancelled or not: {wrong}"
        return f"{len(paid)} approved, {len(cancelled)} cancelled"

    def entitlements(self):
        truth = """
          SELECT account_id, max(until)::timestamptz(0) FROM (
            SELECT account_id, end_time AS until FROM trials WHERE end_time > now()
            UNION ALL SELECT account_id, entitled_until FROM memberships WHERE entitled_until > now()
          ) e GROUP BY 1 ORDER BY 1"""
        told = "SELECT account_id, end_time::timestamptz(0) FROM entitlements ORDER BY 1"
        def differ():
            return set(map(tuple, self.world.rows("SUBSCRIPTION", truth))) ^ set(
                map(tuple, self.world.rows("CONTENT", told)))
        assert until(60, lambda: not differ()), differ()
        known = self.world.count("CONTENT", "entitlements")
        assert known, "nobody is entitled"
        return f"{known} known"

    def reminders(self):
        """An event whose effect is not idempotent by itself: a mail for each."""
        told = "SELECT count(*) FROM trials WHERE start_time < now() - interval '12 seconds'"
        due = int(self.world.value("SUBSCRIPTION", told))
        assert due, "no reminder is due"
        addresses = [f["address"] for f in self.acknowledged("verified")]
        def reminders():
            return {a: {i for i, m in self.world.mails.to(a) if is_reminder(m)} for a in addresses}
        assert until(60, lambda: sum(map(bool, reminders().values())) >= due), (
            f"{sum(map(bool, reminders().values()))} of {due} reminders")
        # A mail may be delivered twice when the answer of the relay was lost, as the same mail.
        twice = {a: ids for a, ids in reminders().items() if len(ids) > 1}
        assert not twice, f"reminded twice: {twice}"
        return f"{sum(map(bool, reminders().values()))} reminders"

    def sessions(self):
        facts = self.acknowledged("session")
        for fact in facts:
            client = Client(self.world.url, self.history, "check")
            client.cookies = {"session": fact["cookie"]}
            def known():
                answer = client.send("GET", "/v1/account")
                return answer is not None and answer.status == 200
            assert until(20, known), "an acknowledged session is not known"
        return f"{len(facts)} sessions"

    def ended_sessions(self):
        """By every gateway, each of which keeps what it knows for a minute."""
        ended = self.acknowledged("ended")
        for fact in ended:
            for gateway in self.world.gateways:
                client = Client(gateway, self.history, "check")
                def over():
                    client.cookies = {"session": fact["cookie"]}
                    answer = client.send("GET", "/v1/account")
                    return answer is not None and answer.status == 401
                assert until(70, over), f"an ended session goes on at {gateway}"
        return f"{len(ended)} sessions"

    def pages(self):
        """What gateways keep they drop by events, whose streams faults have ended: without
        them a discussion is two minutes old."""
        post = self.world.posts["ACCESS_LEVEL_PUBLIC"][0]
        for gateway in self.world.gateways:
            text = f"comment {uuid.uuid4().hex}"
            editor = self.world.log_in(self.world.editor, gateway)
            made = editor.post(f"/v1/posts/{post}/comments", {"body": text})
            assert made.status == 200, made
            for other in self.world.gateways:
                visitor = Browser(other)
                def shown():
                    answer = visitor.get(f"/p/{post}")
                    if "Location" in answer.headers:
                        answer = visitor.get(answer.headers["Location"])
                    return text.encode() in answer.body
                assert until(20, shown), f"{other} does not show what was said at {gateway}"
        return f"{len(self.world.gateways)} gateways"

    def meter(self):
        spans = lost_spans(self.history, "redis-state")
        worst = 0
        passes = self.acknowledged("pass")
        for tally in passes:
            times = list(tally["granted"].values())
            lost = sum(1 for t in times for begin, end in spans if begin <= t <= end)
            assert len(times) <= 5 + lost, f"{len(times)} free reads, {lost} lost at most: {tally}"
            assert tally["used"] <= len(tally["tried"]), f"counted more than was read: {tally}"
            worst = max(worst, len(times))
        assert worst, "no free read was counted"
        return f"{len(passes)} passes, at most {worst} free reads"

    def new_visitor(self):
        """That faults are over: while the meter is away nobody is turned away."""
        posts = self.world.posts["ACCESS_LEVEL_METERED"][:6]
        reasons = []
        def metered():
            visitor = Client(self.world.url, self.history, "check", gateways=self.world.gateways)
            answers = [visitor.send("GET", f"/v1/posts/{post}") for post in posts]
            reasons[:] = [a.json["access"]["reason"] if a is not None and a.status == 200 else str(a)
                          for a in answers]
            return reasons == ["ACCESS_REASON_METER"] * 5 + ["ACCESS_REASON_METER_ENDED"]
        assert until(30, metered), reasons
        return "five"

    def new_person(self):
        newcomer = Newcomer(self.world, "afterwards", patience=30)
        newcomer.stop.set()
        outcomes = []
        def started():
            person = f"c{uuid.uuid4().hex[:12]}"
            outcomes.append(newcomer.sign_up(person, f"{person}@mail.example"))
            return outcomes[-1] is not None
        assert until(60, started), "no sign-up is taken"
        assert outcomes[-1][0] == "TRIAL_OUTCOME_STARTED", outcomes
        return "started"

    def views(self):
        paged = ",".join(f"'{post}'" for post in self.world.paged)
        def counted():
            return int(self.world.value("CONTENT", "SELECT coalesce(sum(view_count), 0) FROM post_views"
                                                   f" WHERE post_id NOT IN ({paged})"))
        reads = [read for read in self.history.reads if read[0] not in self.world.paged]
        sure = [r for r in reads if r[3]]
        assert sure, "nobody read"
        spans = [span for name in ("redis-state", "content") for span in lost_spans(self.history, name)]
        lost = sum(1 for r in sure if any(begin <= r[2] and r[1] <= end for begin, end in spans))
        # Those whose answer was lost on its way may have been counted, and so may the
        # gateway's repeats of those that content was killed over.
        ends = [begin for begin, _ in self.history.faults_of("content", "kill", "restart")]
        unsure = sum(1 for r in reads if r[3] is None and r[4] != "ConnectionRefusedError"
                     and not r[4].startswith("4")) + sum(
            1 for r in sure if any(r[1] - 0.1 <= t <= r[2] + 0.1 for t in ends))
        least, most = len(sure) - lost, len(sure) + unsure
        redis = Redis(self.world.settings["REDIS_URL"])
        # What would be counted twice may still be on its way.
        assert until(60, lambda: not redis.views_wait()), "views wait in Redis"
        assert until(30, lambda: counted() >= least), f"{counted()} views, at least {least}"
        assert counted() <= most, f"{counted()} views, at most {most} ({len(sure)} sure)"
        return (f"{counted()} counted of {len(sure)} acknowledged ({least} to {most}), "
                f"{self.readers()} by different readers")

    def readers(self):
        """Each reader is one of a post's views, and counted once a day. The sketches of them are
        a little wrong, but not about all posts together, which were read again and again."""
        views, unique, kept = map(int, self.world.rows("CONTENT", """
          SELECT sum(view_count), sum(unique_view_count), (SELECT coalesce(sum(readers), 0) FROM post_readers)
          FROM post_views""")[0])
        assert 0 < unique <= views, f"{unique} readers of {views} views"
        assert unique == kept, f"{unique} readers in all, {kept} by their days"
        return unique


def lost_spans(history, service):
    """When what was counted may be lost with a process of that service: shortly before it
    was killed. That is earlier if it had been hanging by then, and for content earlier
    and with a restart too if Redis was away, for which its views wait in memory."""
    away = history.faults_of("redis-state") if service == "content" else []
    spans = []
    for kind in ("kill", "restart"):
        for killed, _ in history.faults_of(service, kind):
            waits = [begin for begin, end in away if begin <= killed <= end + CATCH_UP_SECONDS]
            hung = [begin for begin, end in history.faults_of(service, "pause", "stutter", "disk full")
                    if begin <= killed <= end + LOST_SECONDS]
            if kind == "kill" or waits:
                spans.append((min([killed, *waits, *hung]) - LOST_SECONDS, killed + 0.5))
    return spans


def is_reminder(mail):
    return "trial" in (mail["Subject"] or "").lower() and "end" in (mail["Subject"] or "").lower()
