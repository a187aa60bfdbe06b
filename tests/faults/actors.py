"""The clients of the workload (those that write are in writers.py). Each is a thread
that lives one life after another until it is told to stop, and then ends what it has
begun: what was acknowledged is noted in the history, what got no answer is asked again
as a browser would."""

import random
import threading
import time
import traceback
import urllib.parse
import uuid

from client import code_in
from history import MARKER, Client
from world import PASSWORD

AGAIN = (429, 500, 502, 503, 504, 499)
FREE_READS = 5


class Actor(threading.Thread):
    """One client. `until_acknowledged` is how all of them repeat themselves. `live` returns
    False for a life that came to nothing."""

    def __init__(self, world, seed, patience=120):
        super().__init__(daemon=True)
        self.world = world
        self.history = world.history
        self.random = random.Random(seed)
        self.stop = threading.Event()
        self.patience = patience
        self.lives = 0

    @property
    def kind(self):
        return type(self).__name__.lower()

    def run(self):
        while not self.stop.is_set():
            try:
                if self.live() is not False:
                    self.lives += 1
            except GaveUp as gave_up:
                self.history.complain(f"{self.kind}: no answer to the end: {gave_up}")
            except Exception:  # an actor that dies would make the workload silently smaller
                self.history.complain(f"{self.kind}: {traceback.format_exc()}")
                time.sleep(1)

    def client(self, member="no"):
        return Client(self.world.url, self.history, self.kind, member, self.world.gateways)

    def pause(self, most):
        self.stop.wait(self.random.uniform(0, most))

    def until(self, attempt, what):
        """Tries until it has a result, which it returns."""
        deadline = None
        wait = 0.1
        while not (result := attempt()):
            # Faults end when the stop comes; from then on it has to succeed.
            if self.stop.is_set() and deadline is None:
                deadline = time.monotonic() + self.patience
            if deadline is not None and time.monotonic() > deadline:
                raise GaveUp(what())
            time.sleep(wait)
            wait = min(wait * 2, 2)
        return result

    def until_acknowledged(self, client, method, path, body=None, headers=None, accept=(200,)):
        """Asks until there is an answer that is final; returns it."""
        answer = None

        def final():
            nonlocal answer
            answer = client.send(method, path, body, headers)
            return answer is not None and (answer.status in accept or answer.status not in AGAIN)
        self.until(final, lambda: f"{method} {path}: {answer}")
        if answer.status not in accept:
            self.history.complain(f"{self.kind} {method} {path}: {answer}")
        return answer

    def log_in(self, email, member="no"):
        client = self.client(member)
        self.until_acknowledged(client, "POST", "/v1/sessions",
                                {"email": email, "password": PASSWORD})
        return client

    def pay(self, client, person):
        """Checkout, approval, membership by webhook."""
        plan = self.until_acknowledged(client, "GET", "/v1/plans").json["plans"][0]["planId"]
        key = {"Idempotency-Key": uuid.uuid4().hex}
        checkout = self.until_acknowledged(client, "POST", "/v1/checkouts", {"planId": plan}, key).json
        again = self.until_acknowledged(client, "POST", "/v1/checkouts", {"planId": plan}, key).json
        if again["checkoutId"] != checkout["checkoutId"]:
            self.history.complain(f"a repeated checkout became another: {again}")
        reference = urllib.parse.quote(checkout["providerReference"])
        self.until_acknowledged(client, "POST", f"/v1/testPayments/{reference}:approve")
        self.history.fact("payment", account_id=person["account_id"])

        def member():
            answer = self.until_acknowledged(client, "GET", "/v1/membership", accept=(200, 404))
            return answer.status == 200
        self.until(member, lambda: f"no membership for {person}")


class GaveUp(Exception):
    pass


class Visitor(Actor):
    """Reads metered posts with a pass until the wall, and a premium one."""

    def live(self):
        client = self.client()
        passes = {}
        metered = self.random.sample(self.world.posts["ACCESS_LEVEL_METERED"], 8)
        plan = [(post, "ACCESS_LEVEL_METERED") for post in metered]
        plan.insert(self.random.randrange(len(plan)),
                    (self.random.choice(self.world.posts["ACCESS_LEVEL_PREMIUM"]), "ACCESS_LEVEL_PREMIUM"))
        plan += [(self.random.choice(metered), "ACCESS_LEVEL_METERED"),
                 (self.random.choice(self.world.posts["ACCESS_LEVEL_PUBLIC"]), "ACCESS_LEVEL_PUBLIC")]
        for post_id, level in plan:
            self.read(client, passes, post_id, level)
            if post_id in self.world.paged:
                self.read_page(client, passes, post_id, level)
            self.pause(0.15)
            if self.stop.is_set():
                break
        for cookie, tally in passes.items():
            if cookie:
                self.history.fact("pass", **{k: sorted(v) if isinstance(v, set) else v
                                             for k, v in tally.items()})

    def ask(self, client, passes, post_id, level, path):
        """Asks for a post in one of its forms. The tally of the pass that may have been charged
        for it knows it from now on; a first answer that is lost takes its pass with it."""
        before = client.cookies.get("pass", "")
        answer = client.send("GET", path)
        cookie = client.cookies.get("pass", "")
        if level != "ACCESS_LEVEL_METERED" or not cookie:
            return answer, None
        tally = passes.setdefault(cookie, {"tried": set(), "granted": {}, "used": 0})
        if before in ("", cookie):
            tally["tried"].add(post_id)
        return answer, tally

    def read_page(self, client, passes, post_id, level):
        answer, _ = self.ask(client, passes, post_id, level, f"/p/{post_id}")
        if answer is None or answer.status != 303:
            return
        path = answer.headers["Location"]
        self.history.pages[path] = post_id
        answer, tally = self.ask(client, passes, post_id, level, path)
        if answer is None or answer.status != 200:
            return
        closed = b'class="wall"' in answer.body
        if tally is not None and closed and len(tally["tried"]) <= FREE_READS:
            self.history.complain(f"wall after {len(tally['tried'])} posts: visitor at {path}")
        if not closed and level != "ACCESS_LEVEL_PREMIUM" and not MARKER.search(answer.body):
            self.history.complain(f"neither text nor wall: visitor at {path}: {answer}")

    def read(self, client, passes, post_id, level):
        answer, tally = self.ask(client, passes, post_id, level, f"/v1/posts/{post_id}")
        if answer is None or answer.status != 200:
            return
        access = answer.json["access"]
        where = f"visitor reading {post_id}: {access}"
        if level == "ACCESS_LEVEL_PUBLIC" and not access["granted"]:
            self.history.complain(f"public post closed: {where}")
        if level == "ACCESS_LEVEL_PREMIUM" and access["granted"]:
            self.history.complain(f"premium post open: {where}")
        if tally is None:
            return
        if access["granted"] and access["reason"] == "ACCESS_REASON_METER":
            tally["granted"].setdefault(post_id, time.time())
        tally["used"] = max(tally["used"], int(access.get("meter", {}).get("used", 0)))
        if not access["granted"] and len(tally["tried"]) <= FREE_READS:
            self.history.complain(f"wall after {len(tally['tried'])} posts: {where}")


class Newcomer(Actor):
    """Signs up with trial by a code from a mail; now and then twice as one person."""

    def live(self):
        person = f"n{uuid.uuid4().hex[:12]}"
        twice = self.random.random() < 0.3
        addresses = [f"{person}+{n}@mail.example" for n in range(2 if twice else 1)]
        outcomes = [self.sign_up_and_read(person, address) for address in addresses]
        self.pause(0.5)
        return any(outcomes)

    def sign_up_and_read(self, person, address):
        """The outcome, None if no sign-up was taken."""
        signed_up = self.sign_up(person, address)
        if signed_up is None:
            return None
        outcome, client = signed_up
        premium = self.world.posts["ACCESS_LEVEL_PREMIUM"][0]
        answer = client.send("GET", f"/v1/posts/{premium}")
        if (outcome == "TRIAL_OUTCOME_STARTED" and answer is not None and answer.status == 200
                and not answer.json["access"]["granted"]):
            self.history.complain(f"wall in a trial: {address}: {answer.json['access']}")
        return outcome

    def sign_up(self, person, address):
        client = self.client("maybe")
        premium = self.world.posts["ACCESS_LEVEL_PREMIUM"][0]
        key = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"displayName": "New Comer", "email": address, "password": PASSWORD,
                "intent": "SIGN_UP_INTENT_TRIAL"}
        # The offer that START accepts begins with the wall; Redis may have lost it.
        client.send("GET", f"/v1/posts/{premium}")
        answer = self.until_acknowledged(client, "POST", "/v1/signUps", body, key, (200, 400, 429))
        if answer.status != 200:
            if answer.reason not in ("OFFER_NOT_STARTED", "RATE_LIMITED"):
                self.history.complain(f"sign-up: {answer}")
                raise GaveUp(str(answer))
            # Tries are limited to five an address, and those that failed for want of a
            # database that can write count too: the next life has another address.
            time.sleep(1)
            return None
        sign_up_id = answer.json["signUpId"]
        if self.random.random() < 0.3:
            again = self.until_acknowledged(client, "POST", "/v1/signUps", body, key)
            if again.json.get("signUpId") != sign_up_id:
                self.history.complain(f"a repeated sign-up became another: {again}")
        code = self.code(address)
        answer = self.until_acknowledged(client, "POST", "/v1/signUps:verify",
                                         {"signUpId": sign_up_id, "code": code}, None, (200, 400))
        outcome = answer.json.get("trialOutcome", "unknown")
        if answer.status == 400:
            # The first try did it, its answer was lost.
            if answer.reason != "VERIFICATION_USED":
                self.history.complain(f"verify: {answer}")
            client = self.log_in(address, "maybe")
        self.history.fact("verified", person=person, address=address, outcome=outcome)
        return outcome, client

    def code(self, address):
        mails = self.until(lambda: self.world.mails.to(address), lambda: f"no mail to {address}")
        return code_in(mails[-1][1])


class Follower(Actor):
    """Follows and unfollows; what it did last must stand."""

    def __init__(self, world, seed, person):
        super().__init__(world, seed)
        self.person = person
        self.session = None
        self.state = {}

    def live(self):
        if self.session is None:
            self.session = self.log_in(self.person["email"])
        kind, target = self.random.choice(
            [("CHANNEL", c) for c in self.world.channels] + [("TOPIC", t) for t in self.world.topics])
        method = self.random.choice(["PUT", "PUT", "DELETE"])
        answer = self.until_acknowledged(
            self.session, method, f"/v1/follows/FOLLOW_KIND_{kind}/{target}", None, None, (200, 404))
        if answer.status == 404 and method == "PUT":
            self.history.complain(f"404 for what exists: {answer}")
        self.state[target] = method == "PUT"
        feed = self.session.send("GET", "/v1/feed?pageSize=5")
        if feed is not None and feed.status not in (200, 503, 504, 429):
            self.history.complain(f"feed: {feed}")
        self.pause(0.4)
        if self.stop.is_set():
            for target, follows in self.state.items():
                self.history.fact("follow", account_id=self.person["account_id"], target=target,
                                  follows=follows)


class Payer(Actor):
    """Joins, each person once; every second one cancels."""

    def __init__(self, world, seed, people):
        super().__init__(world, seed)
        self.people = list(people)

    def live(self):
        if not self.people:
            self.stop.wait(1)
            return False
        person = self.people.pop()
        client = self.log_in(person["email"], "maybe")
        self.pay(client, person)
        if len(self.people) % 2 == 1:
            self.until_acknowledged(client, "POST", "/v1/membership:cancel", {})
            self.history.fact("cancelled", account_id=person["account_id"])
        self.stop.wait(self.random.uniform(2, 5))
        return True


class Returner(Actor):
    """Logs in, and out now and then; every session that was opened must hold, and every
    one that was ended be over."""

    def __init__(self, world, seed, people):
        super().__init__(world, seed)
        self.people = people

    def live(self):
        person = self.people[self.lives % len(self.people)]  # 25 logins an hour are allowed each
        client = self.log_in(person["email"])
        cookie = client.cookies.get("session", "")
        for path in ("/v1/account", "/v1/feed/state", "/"):
            answer = client.send("GET", path)
            if answer is not None and answer.status in (401, 404):
                self.history.complain(f"an open session is not known: {path}: {answer}")
        ends = self.random.random() < 0.4
        if ends:
            # Done by the first try, nobody is logged in at the second.
            self.until_acknowledged(client, "POST", "/v1/sessions:logOut", {}, None, (200, 401))
        self.history.fact("ended" if ends else "session", cookie=cookie)
        self.stop.wait(self.random.uniform(4, 8))

