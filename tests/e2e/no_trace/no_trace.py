#!/usr/bin/python3
"""What a publication stores of its readers: as much as /privacy/ledger says, and nothing of
those who only read.

A thousand visitors read articles and search. What databases, Redis, logs and traces hold
more afterwards is searched for all by which they could be recognised, and for what they
read. Then readers live through a journey, and every column, key and cookie of it has to be
on the page /privacy/ledger, with its lifetime.

usage: no_trace.py BUILD
"""

import os
import pathlib
import re
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "eyes"),
                str(HERE.parents[1] / "support")]

from collector import Collector
from journey import Journey
from ledger import KeyWatcher, LedgerPage
from local_stack import Stack, wait_until
from logs import read_logs
from search import find_all
from steps import PASSWORD
from stores import Redis, query, rows_of
from visitors import VISITORS, send

# All that can be told is told: every request in a log, every span.
SETTINGS = """
OTEL_EXPORTER_OTLP_ENDPOINT={url}
OTEL_TRACES_SAMPLER=always_on
LOG_LEVEL=debug
"""
# Tables of totals, which may have new rows.
TOTALS = {"content.post_views", "content.post_readers", "content.view_flush"}


class Snapshot:
    """All that is stored and told at a moment."""

    def __init__(self, settings, collector):
        self.rows = rows_of(settings)
        self.redis = {}
        for name in ("REDIS_URL", "REDIS_CACHE_URL"):
            self.redis |= Redis(settings[name]).contents()
        self.logs = read_logs(settings)
        self.spans = list(collector.bodies)

    def since(self, before):
        """What is new, by where it is."""
        new = {}
        for table, rows in self.rows.items():
            if added := rows - before.rows[table]:
                new[table] = "\n".join(added).encode()
        for key, text in self.redis.items():
            if text != before.redis.get(key):
                new[f"Redis, {key}"] = text
        for name, text in self.logs.items():
            new[f"{name}.log"] = text[len(before.logs.get(name, b"")):]
        new["traces"] = b"\n".join(self.spans[len(before.spans):])
        return new


class Reading:
    def __init__(self, settings, collector):
        self.settings = settings
        self.collector = collector
        self.journey = Journey(settings, False)
        self.titles = {}  # by path

    def publish(self):
        self.journey.open_desk()
        before = self.journey.channel, self.journey.topic
        self.journey.open_channel("titles")
        for level in ("METERED", "METERED", "PUBLIC", "PREMIUM"):
            title = f"Title of {level.lower()} {len(self.titles)} {self.journey.run}"
            post_id = self.journey.draft(f"ACCESS_LEVEL_{level}", title)
            self.journey.expect(self.journey.author.post(f"/v1/manuscripts/{post_id}:publish"), 200)
            self.titles[self.journey.article_path(post_id)] = title
        self.journey.channel, self.journey.topic = before

    def views(self):
        return int(query(self.settings, "content", "SELECT coalesce(sum(view_count), 0) FROM post_views")[0])

    def settled(self):
        """Whether nothing is on its way any more."""
        return not Redis(self.settings["REDIS_URL"]).views_wait()

    def is_quiet(self):
        """Whether events and views have come to where they go."""
        rows = rows_of(self.settings)
        time.sleep(1)
        return self.settled() and rows == rows_of(self.settings)

    def snapshot(self):
        wait_until(self.is_quiet, "views and events have arrived", 60)
        return Snapshot(self.settings, self.collector)

    def check_no_trace(self):
        self.journey.step(f"{VISITORS} visitors read and search")
        before, views = self.snapshot(), self.views()
        visitors = send(self.settings["ROSTRUM_URL"], list(self.titles))
        for visitor in visitors:
            assert set(visitor.passes) == {"pass"}, visitor.passes
            bad = [(path, status) for path, status, _ in visitor.answers if status != 200]
            assert not bad, bad
        # Each read two metered posts and a public one.
        wait_until(lambda: self.views() - views == 3 * VISITORS, "every view is counted", 60)
        wait_until(lambda: self.told() > VISITORS, "their traces are there", 60)
        new = self.snapshot().since(before)
        self.journey.say(f"{3 * VISITORS} views counted; new: {sum(map(len, new.values())) >> 10} KiB "
                         f"in {len(new)} places")
        self.check_places(new)
        self.check_marks(new, visitors)

    def told(self):
        return sum(span.name == "GET /c/{channel}/{post}" for span in self.collector.all())

    def check_places(self, new):
        rows = {place for place in new if not place.startswith(("Redis", "traces"))
                and not place.endswith(".log")}
        assert rows == TOTALS, f"new rows in {rows ^ TOTALS}"

    def check_marks(self, new, visitors):
        marks = {mark: kind for visitor in visitors for mark, kind in visitor.marks()}
        for path, title in self.titles.items():
            marks |= {title.encode(): "title", path.encode(): "path"}
        assert find_all(b"in a line: " + visitors[0].agent.encode() + b".", marks)  # it can find
        found = find_all(b"\n".join(new.values()), marks)
        places = {place: marks[mark] for mark in found for place, text in new.items() if mark in text}
        assert not found, f"recognisable: {places}"
        redis = b" ".join(text for place, text in new.items() if place.startswith("Redis"))
        assert not any(part in redis for visitor in visitors for part in visitor.raw_pass())
        self.journey.say(f"none of {len(marks)} passes, addresses, browsers, referrers, "
                         "searched words and titles")

    def check_ledger(self):
        watcher = KeyWatcher(self.settings)
        cookies = {}
        self.note_cookies(cookies)
        journey = self.journey
        for part in (journey.read_free, journey.see_the_offer, journey.start_the_trial, journey.join,
                     journey.come_and_go, journey.discuss, journey.follow):
            part()
        journey.expect(journey.reader.post("/v1/account:changePassword", {
            "currentPassword": PASSWORD + " 2", "newPassword": PASSWORD + " 3"}), 200)
        # The form, which has the browser keep the id of the sign-up.
        form = f"display_name=Ann&email={journey.address('ann')}&for=join&request={uuid.uuid4()}"
        answer = journey.visitor().request("POST", "/start", raw=form.encode(), headers={
            "Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status == 303, answer
        journey.step("The ledger names all of it")
        seen = watcher.end()
        page = journey.visitor().get("/privacy/ledger")
        assert page.status == 200, page
        ledger = LedgerPage(page.body.decode())
        columns = ledger.check_tables(self.settings)
        kinds = ledger.check_keys(seen)
        ledger.check_cookies(cookies)
        journey.say(f"{columns} columns, {len(seen)} keys of {kinds} kinds, {len(cookies)} cookies")

    def note_cookies(self, cookies):
        """Their lifetimes in seconds."""
        visitor = type(self.journey.visitor())
        request = visitor.request

        def noting(browser, *arguments, **options):
            answer = request(browser, *arguments, **options)
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                age = int(re.search(r"max-age=(\d+)", cookie, re.I)[1])
                name = cookie.partition("=")[0]
                cookies[name] = max(age, cookies.get(name, 0))
            return answer

        visitor.request = noting


def main():
    collector = Collector()
    with tempfile.TemporaryDirectory(prefix="rostrum-no-trace.") as folder:
        os.chmod(folder, 0o755)  # PostgreSQL runs as another user
        env_file = pathlib.Path(folder) / "told.env"
        env_file.write_text(SETTINGS.format(url=collector.url).lstrip())
        stack = Stack(sys.argv[1], folder, "--env-file", env_file, demo=True)
        try:
            reading = Reading(stack.wait_ready().settings, collector)
            reading.publish()
            reading.check_no_trace()
            reading.check_ledger()
        except BaseException:
            print(stack.read_output())
            raise
        finally:
            stack.end()
    print("\nWhat is stored is in the ledger, and nothing else of readers is.")


if __name__ == "__main__":
    main()
