#!/usr/bin/python3
"""The journey of a visitor through the whole system, over HTTP.

Prints each step and what came back, and stops with an error at the first thing
that is not as the product promises. Steps that wait for an expiry run only where
the stack was started with short durations (tests/e2e/durations.env).

  tests/e2e/journey.py --env-file .run/stack.env
"""

import argparse
import concurrent.futures
import pathlib
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from client import Browser, code_in, token_in  # noqa: E402  (the path is known only now)
from local_stack import read_settings, wait_until  # noqa: E402
from steps import PASSWORD  # noqa: E402
from withheld import Withheld  # noqa: E402


class Journey(Withheld):
    def all(self):
        self.open_desk()
        self.read_in_parallel()
        self.read_pages()
        self.read_free()  # begins the offer, which does not last long here
        self.see_the_offer()
        self.start_the_trial()
        self.sign_up_in_parallel()
        self.join()
        self.come_and_go()
        self.discuss()
        self.follow()
        self.count_views()
        self.publish()
        if self.short:
            self.let_the_offer_expire()
            self.let_the_trial_end()
        self.find_nowhere()
        self.fail_clearly()

    def open_desk(self):
        """An author writes what the journey reads, so that it needs no demo data."""
        self.step("An author and an editor prepare posts of every access level")
        self.editor = self.log_in(*self.logins["editor"])
        self.author = self.log_in(*self.logins["author"])
        self.open_channel("journey")
        self.public = self.published("ACCESS_LEVEL_PUBLIC")
        self.metered = [self.published("ACCESS_LEVEL_METERED") for _ in range(9)]
        self.premium = self.published("ACCESS_LEVEL_PREMIUM")
        self.say("1 public, 9 metered, 1 premium post published")

    def read_free(self):
        self.step("A visitor reads five metered posts for free")
        visitor = self.visitor()
        for number, post_id in enumerate(self.metered[:5], start=1):
            for again in (False, True):
                post = self.read(visitor, post_id)
                meter = post["access"]["meter"]
                assert post["access"]["granted"] and self.marker(post_id) in post["bodyHtml"], post
                assert meter["used"] == number and meter["remaining"] == 5 - number, meter
                expected = "METER_STATE_FREE" if 5 - number > 1 else "METER_STATE_ENDING"
                assert meter["state"] == expected, meter
                assert meter["returning"] == (again or number > 1), meter
            self.say(f"read {number} (twice, counted once): {meter['state']}, "
                     f"{meter['remaining']} of {meter['limit']} left")
        self.step("Public posts never count, premium posts are never free")
        assert self.read(visitor, self.public)["access"]["reason"] == "ACCESS_REASON_PUBLIC"
        self.expect_withheld(visitor, self.premium, "ACCESS_REASON_PREMIUM")
        self.step("The sixth post answers with the preview and the wall")
        self.expect_withheld(visitor, self.metered[5], "ACCESS_REASON_METER_ENDED")
        assert self.read(visitor, self.metered[0])["access"]["granted"], "a post already read stays open"
        self.reader = visitor

    def read_in_parallel(self):
        self.step("Eight tabs at once get exactly five free reads")
        first = self.visitor()
        self.read(first, self.metered[0])
        tabs = [(first.copy(), post_id) for post_id in self.metered[1:9]]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda t: self.read(t[0], t[1])["access"]["granted"], tabs))
        assert answers.count(True) == 4, answers
        self.say(f"1 before and {answers.count(True)} of 8 in parallel were granted")

    def see_the_offer(self):
        self.step("The offer expires at the same instant in every answer")
        expiries = {self.read(self.reader, post_id)["access"]["offer"]["expireTime"]
                    for post_id in (*self.metered[4:9], self.premium)}
        expiries.add(self.expect(self.reader.get("/v1/meter"), 200)["offer"]["expireTime"])
        assert len(expiries) == 1, expiries
        self.say(f"expires at {expiries.pop()}")

    def start_the_trial(self):
        self.step("START: sign-up, a real mail, verification by code")
        self.email = self.address("jane")
        sign_up = self.sign_up(self.reader, self.email)
        mail = self.mailbox.wait(self.email)
        self.say(f"mail: {mail['Subject']}")
        wrong = f"{(int(code_in(mail)) + 1) % 1000000:06d}"
        verify = {"signUpId": sign_up["signUpId"]}
        self.expect(self.reader.post("/v1/signUps:verify", {**verify, "code": wrong}), 403, "CODE_WRONG")
        self.expect(self.reader.post(f"/v1/signUps/{sign_up['signUpId']}:resend"), 429, "RESEND_LIMIT")
        verified = self.expect(
            self.reader.post("/v1/signUps:verify", {**verify, "code": code_in(mail)}), 200)
        assert verified["trialOutcome"] == "TRIAL_OUTCOME_STARTED", verified
        assert verified["returnPath"] == f"/p/{self.metered[5]}", verified
        assert "sessionToken" not in str(verified)
        self.expect(self.visitor().post("/v1/signUps:verify", {"token": token_in(mail)}), 400,
                    "VERIFICATION_USED")
        self.say(f"trial ends at {verified['trial']['endTime']}, back to {verified['returnPath']}")
        self.step("In the trial every metered and premium post opens")
        for post_id in (*self.metered, self.premium):
            post = self.read(self.reader, post_id)
            assert post["access"]["reason"] == "ACCESS_REASON_TRIAL", post["access"]
            assert self.marker(post_id) in post["bodyHtml"]
        trial = self.expect(self.reader.get("/v1/trial"), 200)
        assert trial["active"] and int(trial["remainingSeconds"]) > 0, trial
        self.say(f"{trial['remainingSeconds']} s left, server time {trial['serverTime']}")

    def sign_up_in_parallel(self):
        self.step("Eight sign-ups on aliases of one mailbox, verified at once: one trial")
        addresses = [f"joe{self.run}+{n}@mail.example" for n in range(4)]
        addresses += [a.upper() for a in addresses]
        browsers, ids = [], []
        for address in addresses:
            browser = self.visitor()
            for post_id in self.metered[:5]:
                self.read(browser, post_id)
            browsers.append(browser)
            ids.append(self.sign_up(browser, address)["signUpId"])
        jobs = []
        for number, (browser, sign_up_id) in enumerate(zip(browsers, ids)):
            mail = self.mailbox.wait(addresses[number], count=2)
            del mail  # both mails of the address are there now
            codes = [code_in(m) for m in self.mailbox.to(addresses[number])]
            jobs.append((browser, sign_up_id, codes))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda job: self.verify_by_any(*job), jobs))
        started = [o for o in outcomes if o == "TRIAL_OUTCOME_STARTED"]
        assert len(started) == 1, outcomes
        self.say(f"outcomes: {sorted(str(o) for o in outcomes)}")

    def verify_by_any(self, browser, sign_up_id, codes):
        """Verifies with whichever code is this sign-up's."""
        for code in codes:
            answer = browser.post("/v1/signUps:verify", {"signUpId": sign_up_id, "code": code})
            if answer.status == 200:
                return answer.json["trialOutcome"]
            if answer.reason != "CODE_WRONG":
                return answer.reason
        return "NO_CODE"

    def join(self):
        self.step("Join: checkout, a declined payment, an approved one, the webhook")
        member = self.visitor()
        email = self.address("member")
        self.sign_up(member, email, "SIGN_UP_INTENT_JOIN")
        token = token_in(self.mailbox.wait(email))
        self.expect(member.post("/v1/signUps:verify", {"token": token}), 200)
        self.expect(member.get("/v1/membership"), 404, "NO_MEMBERSHIP")
        plans = self.expect(member.get("/v1/plans"), 200)["plans"]
        declined = self.expect(member.post("/v1/checkouts", {"planId": plans[0]["planId"]}), 200)
        self.expect(member.post(f"/v1/testPayments/{declined['providerReference']}:decline"), 200)
        self.wait_for_checkout(member, declined, "CHECKOUT_STATE_DECLINED")
        self.expect_withheld(member, self.premium, "ACCESS_REASON_PREMIUM")
        key = uuid.uuid4().hex
        checkout = self.expect(member.post("/v1/checkouts", {"planId": plans[0]["planId"]},
                                           Idempotency_Key=key), 200)
        again = self.expect(member.post("/v1/checkouts", {"planId": plans[0]["planId"]},
                                        Idempotency_Key=key), 200)
        assert again["checkoutId"] == checkout["checkoutId"], "a repeated request made a second checkout"
        self.expect(member.post("/v1/checkouts", {"planId": plans[-1]["planId"]},
                                Idempotency_Key=key), 400)
        self.expect(member.post(f"/v1/testPayments/{checkout['providerReference']}:approve"), 200)
        self.wait_for_checkout(member, checkout, "CHECKOUT_STATE_COMPLETED")
        wait_until(lambda: self.read(member, self.premium)["access"]["granted"], "entitlement")
        assert self.read(member, self.premium)["access"]["reason"] == "ACCESS_REASON_MEMBERSHIP"
        self.say(f"member of {plans[0]['displayName']}, premium opens")
        cancelled = self.expect(member.post("/v1/membership:cancel"), 200)
        assert cancelled["state"] == "MEMBERSHIP_STATE_CANCELLED" and cancelled["entitled"], cancelled
        resumed = self.expect(member.post("/v1/membership:resume"), 200)
        assert resumed["state"] == "MEMBERSHIP_STATE_ACTIVE", resumed
        payments = self.expect(member.get("/v1/payments"), 200)["payments"]
        assert len(payments) == 1, payments
        self.say("cancelled and resumed; one receipt")
        forged = member.request("POST", "/v1/payments/test/webhook", raw=b'{"id":"evt_1"}',
                                headers={"Content-Type": "application/json",
                                         "Rostrum-Signature": f"t={int(time.time())},v1={'0' * 64}"})
        self.expect(forged, 401, "WEBHOOK_SIGNATURE_INVALID")
        self.member = member

    def wait_for_checkout(self, browser, checkout, state):
        wait_until(lambda: self.expect(browser.get(f"/v1/checkouts/{checkout['checkoutId']}"), 200)
                   ["state"] == state, state)

    def come_and_go(self):
        self.step("Log in, sessions, revoke, log out, password reset")
        self.expect(self.visitor().post("/v1/sessions", {"email": self.email, "password": "wrong one"}),
                    401, "LOGIN_FAILED")
        second = self.log_in(self.email, PASSWORD)
        sessions = self.expect(self.reader.get("/v1/sessions"), 200)["sessions"]
        other = next(s for s in sessions if not s["current"])
        self.expect(self.reader.request("DELETE", f"/v1/sessions/{other['sessionId']}"), 200)
        wait_until(lambda: second.get("/v1/account").status == 401, "the revoked session ends")
        self.say(f"{len(sessions)} sessions, one revoked")
        third = self.log_in(self.email, PASSWORD)
        before = third.copy()
        self.expect(third.post("/v1/sessions:logOut"), 200)
        self.expect(third.get("/v1/account"), 401, "LOGIN_REQUIRED")
        self.expect(before.get("/v1/account"), 401, "LOGIN_REQUIRED")
        count = len(self.mailbox.to(self.email))
        self.expect(self.visitor().post("/v1/passwordResets", {"email": self.email}), 200)
        token = token_in(self.mailbox.wait(self.email, count + 1))
        changed = PASSWORD + " 2"
        reset = {"token": token, "newPassword": changed}
        self.expect(self.visitor().post("/v1/passwordResets:redeem", reset), 200)
        self.expect(self.visitor().post("/v1/passwordResets:redeem", reset), 401, "LINK_INVALID")
        wait_until(lambda: self.reader.get("/v1/account").status == 401, "a reset ends all sessions")
        self.reader = self.log_in(self.email, changed)
        self.mailbox.wait(self.email, count + 2)  # that the password was changed
        self.say("reset by mail, single use, ended every session; logged in anew")
        count = len(self.mailbox.to(self.email))
        self.expect(self.visitor().post("/v1/loginLinks", {"email": self.email, "returnPath": "/feed"}), 200)
        token = token_in(self.mailbox.wait(self.email, count + 1))
        by_link = self.visitor()
        assert self.expect(by_link.post("/v1/loginLinks:redeem", {"token": token}), 200)["returnPath"] == "/feed"
        self.expect(by_link.get("/v1/account"), 200)
        self.say("logged in by link")
        made = self.expect(self.reader.post("/v1/accessTokens", {
            "displayName": "reader", "scopes": ["read"], "lifetimeDays": 1}), 200)
        program = Browser(self.url, bearer=made["secret"])
        self.expect(program.get("/v1/account"), 200)
        self.expect(program.post(f"/v1/posts/{self.public}/comments", {"body": "x"}), 403, "SCOPE_REQUIRED")
        self.say("an access token reads but does not write")

    def discuss(self):
        self.step("Comments: create, reply, list, edit, delete")
        path = f"/v1/posts/{self.premium}/comments"
        self.expect(self.visitor().post(path, {"body": "hello"}), 401, "LOGIN_REQUIRED")
        self.expect(self.visitor().get(path), 403, "POST_NOT_READABLE")
        key = uuid.uuid4().hex
        first = self.expect(self.member.post(path, {"body": "First, *really*."}, Idempotency_Key=key), 200)
        again = self.expect(self.member.post(path, {"body": "First, *really*."}, Idempotency_Key=key), 200)
        assert again["commentId"] == first["commentId"], "posted twice"
        reply = self.expect(self.author.post(path, {"body": "A reply", "parentId": first["commentId"]}), 200)
        assert reply["depth"] == 1, reply
        for number in range(3):
            self.expect(self.member.post(path, {"body": f"More {number}"}), 200)
        oldest = [c["commentId"] for c in self.member.pages(path, "comments", pageSize=2)]
        newest = [c["commentId"] for c in self.member.pages(path, "comments", pageSize=2,
                                                            order="COMMENT_ORDER_NEWEST")]
        assert oldest == newest[::-1] and len(oldest) == 4, (oldest, newest)
        comment = f"/v1/comments/{first['commentId']}"
        self.expect(self.author.request("PATCH", comment, {"body": "not mine"}), 403, "NOT_YOURS")
        edited = self.expect(self.member.request("PATCH", comment, {"body": "Second thought."}), 200)
        assert "editTime" in edited and "Second thought" in edited["bodyHtml"], edited
        stale = self.member.request("PATCH", comment, {"body": "late"}, {"If-Match": first["etag"]})
        self.expect(stale, 409, "ETAG_MISMATCH")
        revisions = self.expect(self.member.get(comment + "/revisions"), 200)["revisions"]
        assert len(revisions) == 1 and "<em>really</em>" in revisions[0]["bodyHtml"], revisions
        deleted = self.expect(self.member.request("DELETE", comment), 200)
        assert "deleteTime" in deleted and not deleted["body"], deleted
        replies = self.expect(self.member.get(path, parentId=first["commentId"]), 200)["comments"]
        assert [c["commentId"] for c in replies] == [reply["commentId"]], replies
        self.say("posted once whatever is sent twice; edited with history; deleted leaving a mark")

    def follow(self):
        self.step("Follow and the personal feed")
        follow = f"/v1/follows/FOLLOW_KIND_CHANNEL/{self.channel['channelId']}"
        self.expect(self.visitor().request("PUT", follow), 401, "LOGIN_REQUIRED")
        assert self.expect(self.member.get("/v1/feed"), 200)["followsNothing"]
        self.expect(self.member.request("PUT", follow), 200)
        self.expect(self.member.request("PUT", follow), 200)
        self.expect(self.member.request(
            "PUT", f"/v1/follows/FOLLOW_KIND_TOPIC/{self.topic['topicId']}"), 200)
        wait_until(lambda: len(self.feed(page_size=100)) == 11, "the feed has every post")
        items = self.feed(page_size=3, meanwhile=lambda: self.published("ACCESS_LEVEL_PUBLIC"))
        times = [i["post"]["publishTime"] for i in items]
        ids = [i["post"]["postId"] for i in items]
        assert times == sorted(times, reverse=True) and len(ids) == len(set(ids)) == 11, ids
        assert all({r["kind"] for r in i["reasons"]} == {"FOLLOW_KIND_CHANNEL", "FOLLOW_KIND_TOPIC"}
                   for i in items), items[0]
        wait_until(lambda: self.expect(self.member.get("/v1/feed/state"), 200)["unreadCount"] == 1,
                   "one unread")
        newest = self.feed(page_size=1)[0]
        assert newest["unread"], newest
        state = self.expect(self.member.post("/v1/feed:markSeen", {"mark": newest["mark"]}), 200)
        assert state["unreadCount"] == 0, state
        self.say("11 items newest first with both reasons; a post published while paging "
                 "neither repeated nor hid one; unread until seen")

    def count_views(self):
        self.step("View counters: total and unique")
        post_id = self.published("ACCESS_LEVEL_PUBLIC")
        loyal = self.visitor()
        self.read(loyal, self.metered[0])  # sets the pass
        for browser in (loyal, self.member):
            self.expect(browser.get(f"/p/{post_id}"), 303)  # leads to it, and is no view
        for browser in (loyal, loyal, loyal, self.member):
            self.read(browser, post_id)

        def settled():
            posts = self.expect(loyal.get("/v1/posts", channel=self.channel["channelId"]), 200)["posts"]
            post = next(p for p in posts if p["postId"] == post_id)
            return (int(post["viewCount"]), int(post["uniqueViewCount"])) == (4, 2)
        wait_until(settled, "4 views by 2 readers")
        self.say("4 views by 2 readers, settled")

    def publish(self):
        self.step("Publishing: schedule, unpublish, drafts are nobody else's")
        post_id = self.draft("ACCESS_LEVEL_PUBLIC", title=f"Later {self.run}")
        self.expect(self.visitor().get(f"/v1/posts/{post_id}"), 404)
        at = time.time() + 5
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + "Z"
        self.expect(self.author.post(f"/v1/manuscripts/{post_id}:schedule", {"publishTime": stamp}), 200)
        wait_until(lambda: self.visitor().get(f"/v1/posts/{post_id}").status == 200, "published at its time")
        slug = self.read(self.visitor(), post_id)["summary"]["slug"]
        by_slug = self.expect(self.visitor().get(
            f"/v1/channels/{self.channel['slug']}/posts/{slug}"), 200)
        assert by_slug["summary"]["postId"] == post_id
        wait_until(lambda: post_id in [i["post"]["postId"] for i in self.feed(100)], "it is in the feed")
        self.expect(self.author.post(f"/v1/manuscripts/{post_id}:unpublish"), 200)
        self.expect(self.visitor().get(f"/v1/posts/{post_id}"), 404)
        wait_until(lambda: post_id not in [i["post"]["postId"] for i in self.feed(100)],
                   "it has left the feed")
        self.expect(self.member.get(f"/v1/manuscripts/{post_id}"), 403, "ROLE_REQUIRED")
        self.say("scheduled, appeared once, taken back everywhere")

    def let_the_offer_expire(self):
        self.step("The offer expires; START is refused; after the pause a new one comes")
        visitor = self.visitor()
        offer = self.read(visitor, self.premium)["access"]["offer"]
        self.say(f"offer until {offer['expireTime']}")
        gone = wait_until(lambda: self.offer(visitor, "OFFER_STATE_EXPIRED"), "the offer expires", 30)
        refused = visitor.post("/v1/signUps", {
            "displayName": "Late", "email": self.address("late"), "password": PASSWORD,
            "intent": "SIGN_UP_INTENT_TRIAL"})
        self.expect(refused, 400, "OFFER_EXPIRED")
        self.say(f"START refused with OFFER_EXPIRED, next offer at {gone['nextOfferTime']}")
        renewed = wait_until(lambda: self.offer(visitor, "OFFER_STATE_OPEN"), "a new offer", 30)
        assert renewed["expireTime"] != offer["expireTime"]
        self.say(f"a new offer until {renewed['expireTime']}")

    def offer(self, visitor, state):
        """The visitor's offer if it is in that state; there is none while Redis is late."""
        offer = self.read(visitor, self.premium)["access"].get("offer")
        return offer if offer is not None and offer["state"] == state else None

    def let_the_trial_end(self):
        self.step("The trial ends; the account stays; the meter applies again")
        wait_until(lambda: not self.expect(self.reader.get("/v1/trial"), 200)["active"],
                   "the trial ends", 90)
        wait_until(lambda: not self.read(self.reader, self.premium)["access"]["granted"],
                   "premium closes", 30)
        self.expect(self.reader.get("/v1/account"), 200)
        assert self.read(self.reader, self.metered[0])["access"]["reason"] == "ACCESS_REASON_METER"
        self.say("premium is closed, free reads are read again, the account is there")

    def fail_clearly(self):
        self.step("Bad input gets a clear error")
        visitor = self.visitor()
        self.expect(visitor.get("/v1/posts/nothing"), 400, "INVALID_ID")
        self.expect(visitor.get(f"/v1/posts/{uuid.uuid4()}"), 404)
        self.expect(visitor.get("/v1/posts", pageSize=-1), 400)
        self.expect(visitor.get("/v1/posts", pageToken="forged"), 400)
        self.expect(visitor.get("/v1/nowhere"), 404)
        self.expect(visitor.request("DELETE", "/v1/plans"), 405)
        page = visitor.request("POST", "/feed", {})
        assert (page.status, page.headers.get("Allow")) == (405, "GET, HEAD"), page
        unknown = visitor.post("/v1/sessions", {"email": "a@b.example", "pasword": "x"})
        self.expect(unknown, 400)
        assert b"pasword" in unknown.body, unknown
        crossing = self.member.request("POST", "/v1/membership:cancel", {},
                                       {"Origin": "https://evil.example"})
        self.expect(crossing, 403, "CROSS_SITE_REQUEST")
        self.say("fields are named, other sites are refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--env-file", required=True, help="the stack's own settings")
    parser.add_argument("--short-durations", action="store_true",
                        help="the stack runs with tests/e2e/durations.env")
    arguments = parser.parse_args()
    began = time.monotonic()
    Journey(read_settings(arguments.env_file), arguments.short_durations).all()
    print(f"\nThe whole journey works ({time.monotonic() - began:.1f} s).")


if __name__ == "__main__":
    sys.exit(main())
