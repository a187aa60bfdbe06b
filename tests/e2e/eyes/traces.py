"""One trace shows a request and all that came of it."""

import html
import http.client
import re
import secrets
import urllib.parse

import logs
from collector import tree
from client import code_in
from local_stack import wait_until
from steps import PASSWORD

COMMENT = "Unmistakable."  # one word, which is the same in a form


class Trace:
    """A trace that this client begins."""

    def __init__(self):
        self.id = secrets.token_hex(16)
        self.span_id = secrets.token_hex(8)

    @property
    def headers(self):
        return {"traceparent": f"00-{self.id}-{self.span_id}-01", "tracestate": "test=eyes"}


class Traces:
    def __init__(self, journey, collector, settings):
        self.journey = journey
        self.collector = collector
        self.settings = settings

    def check(self):
        reader = self.check_sign_up()
        post_id = self.check_publication()
        self.check_comment(reader, post_id)
        self.check_article()
        self.check_unsampled(post_id)
        self.check_nothing_but_templates(post_id)

    def check_sign_up(self):
        self.journey.step("Traces: a sign-up, down to its mail")
        reader, trace = self.journey.visitor(), Trace()
        address = self.journey.address("traced")
        answer = reader.request("POST", "/v1/signUps", {
            "displayName": "Traced Reader", "email": address, "password": PASSWORD,
            "intent": "SIGN_UP_INTENT_ACCOUNT", "returnPath": "/"}, trace.headers)
        sign_up = self.journey.expect(answer, 200)
        spans = self.collector.wait(trace.id, ["mail send"])
        self.show(spans)
        self.expect_path(spans, trace.span_id, [
            ("gateway", "server", "POST /v1/signUps"),
            ("gateway", "client", "rostrum.account.v1.SignUpService/SignUp"),
            ("account", "server", "rostrum.account.v1.SignUpService/SignUp"),
            ("account", "client", "sign_up_store.Begin"),
            ("account", "producer", "mail publish"),
            ("account", "consumer", "mail send")])
        mail = self.journey.mailbox.wait(address)
        self.journey.expect(reader.post("/v1/signUps:verify", {
            "signUpId": sign_up["signUpId"], "code": code_in(mail)}), 200)
        return reader

    def check_publication(self):
        self.journey.step("Traces: a post published, down to the feeds")
        post_id = self.journey.draft("ACCESS_LEVEL_PUBLIC")
        trace = Trace()
        answer = self.journey.author.request(
            "POST", f"/v1/manuscripts/{post_id}:publish", {}, trace.headers)
        self.journey.expect(answer, 200)
        spans = self.collector.wait(trace.id, ["PostPublished process"])
        self.show(spans)
        self.expect_path(spans, trace.span_id, [
            ("gateway", "server", "POST /v1/manuscripts/{post_id}:publish"),
            ("gateway", "client", "rostrum.content.v1.DeskService/PublishManuscript"),
            ("content", "server", "rostrum.content.v1.DeskService/PublishManuscript"),
            ("content", "client", "manuscript_store.Update"),
            ("content", "producer", "PostPublished publish"),
            ("feed", "consumer", "PostPublished process")])
        return post_id

    def check_comment(self, reader, post_id):
        path = f"/v1/posts/{post_id}/comments"
        self.check_written(post_id, "by the API", "POST /v1/posts/{post_id}/comments", 200,
                           lambda headers: reader.request("POST", path, {"body": COMMENT}, headers))
        action, typed = self.fill_form(reader, post_id)
        self.check_written(post_id, "by the form of the page", "POST /c/{channel}/{post}/comments", 303,
                           lambda headers: self.journey.send(reader, "POST", action, typed, headers))

    def fill_form(self, reader, post_id):
        """Where the form of an article's page leads, and what a browser sends there."""
        page = self.journey.page(reader, self.journey.article_path(post_id)).decode()
        form = re.search(r'<form [^>]*action="([^"#]*)[^>]*id="comment-form".*?</form>', page, re.DOTALL)
        request = re.search('name="request" value="([^"]+)"', form[0])
        return html.unescape(form[1]), urllib.parse.urlencode({"request": request[1], "body": COMMENT})

    def check_written(self, post_id, how, route, status, write):
        self.journey.step(f"Traces: a comment {how}, down to the browser that looks on")
        trace = Trace()
        with Watcher(self.journey.url, f"/live/posts/{post_id}") as watcher:
            answer = write(trace.headers)
            assert answer.status == status, answer
            watcher.wait_for("event: changed")
            spans = self.collector.wait(trace.id, ["browser tell"])
        self.show(spans)
        rpc = "rostrum.comment.v1.CommentService/CreateComment"
        in_comment = [("gateway", "server", route), ("gateway", "client", rpc), ("comment", "server", rpc)]
        in_store = in_comment + [("comment", "client", "comment_store.Create")]
        transaction = self.expect_path(spans, trace.span_id, in_store + [
            ("comment", "client", "comment_store.CreateTogether")])
        assert transaction.attributes["rostrum.access"] == "write", transaction.attributes
        self.expect_path(spans, trace.span_id, in_store + [
            ("comment", "producer", "CommentCreated publish"),
            ("gateway", "consumer", "CommentCreated process"),
            ("gateway", "producer", "browser tell")])
        access = "rostrum.content.v1.PostService/CheckPostAccess"
        store = self.expect_path(spans, trace.span_id, in_comment + [
            ("comment", "client", access), ("content", "server", access),
            ("content", "client", "post_store.GetVersions")])
        assert store.attributes["db.system"] == "postgresql", store.attributes
        self.expect_path(spans, trace.span_id, in_comment[:1] + [("gateway", "client", "EVALSHA")])
        throttle = self.expect_path(spans, trace.span_id, in_comment + [
            ("comment", "client", "EVALSHA")])
        assert throttle.attributes["db.system"] == "redis", throttle.attributes
        self.expect_whole(spans, trace)
        server = self.expect_path(spans, trace.span_id, in_comment[:1])
        assert server.name == f"POST {server.attributes['http.route']}", server.attributes
        assert int(server.attributes["http.response.status_code"]) == status, server.attributes
        assert not any(span.failed for span in spans), tree(spans)

    def check_article(self):
        self.journey.step("Traces: an article page of a visitor, down to who decides on it")
        path = self.journey.article_path(self.journey.published("ACCESS_LEVEL_METERED"))
        trace = Trace()
        answer = self.journey.visitor().request("GET", path, None, trace.headers)
        assert answer.status == 200, answer
        read = "rostrum.content.v1.PostService/BatchReadPosts"
        check = "rostrum.subscription.v1.AccessService/BatchCheckVisitorAccess"
        spans = self.collector.wait(trace.id, ["GET /c/{channel}/{post}", read, check])
        self.show(spans)
        page = self.expect_path(spans, trace.span_id,
                                [("gateway", "server", "GET /c/{channel}/{post}")])
        # The reads of a moment go in one call, which is part of the trace of one of them.
        call = self.expect_below(spans, page, ("gateway", "client", read))
        self.expect_path(spans, call.span_id, [
            ("content", "server", read), ("content", "client", "post_store.GetVersions")])
        self.expect_path(spans, call.span_id, [
            ("content", "server", read), ("content", "client", check),
            ("subscription", "server", check)])
        self.expect_whole(spans, trace)
        self.expect_logged("content", read, answer.headers["X-Request-Id"])
        self.expect_logged("subscription", check, answer.headers["X-Request-Id"])

    def expect_logged(self, service, rpc, request_id):
        """The line of an RPC names the request that it is part of."""
        def is_there():
            entries = logs.entries_of(logs.read_logs(self.settings)[service])
            return any(entry.get("grpc.method") == rpc and entry["request_id"] == request_id
                       for entry in entries)
        wait_until(is_there, f"the request's id in {service}'s line of {rpc}")

    def check_unsampled(self, post_id):
        self.journey.step("Traces: what its caller does not record is not recorded")
        quiet, loud = Trace(), Trace()
        headers = {"traceparent": quiet.headers["traceparent"][:-2] + "00"}
        for sent in (headers, loud.headers):
            answer = self.journey.visitor().request("GET", f"/v1/posts/{post_id}", None, sent)
            self.journey.expect(answer, 200)
        self.collector.wait(loud.id, ["rostrum.content.v1.PostService/GetPost"])
        assert not self.collector.trace(quiet.id)

    def check_nothing_but_templates(self, post_id):
        """Neither a path with ids, nor what the journey wrote, is in any span."""
        for body in self.collector.bodies:
            assert post_id.encode() not in body and COMMENT.encode() not in body, body

    def show(self, spans):
        for line in tree(spans).splitlines():
            self.journey.say(line)

    def expect_path(self, spans, parent_id, path):
        """Goes down from `parent_id` by (service, kind, name); returns the last."""
        found = None
        for service, kind, name in path:
            found = next((s for s in spans if s.parent_id == parent_id and s.service == service
                          and s.kind == kind and s.name == name), None)
            assert found, f"{service}: {kind} {name} is not where it belongs:\n{tree(spans)}"
            parent_id = found.span_id
        return found

    def expect_below(self, spans, top, what):
        """The only (service, kind, name) of a trace, somewhere below `top`."""
        found = [span for span in spans if (span.service, span.kind, span.name) == what]
        assert len(found) == 1, f"{len(found)} of {what}:\n{tree(spans)}"
        by_id = {span.span_id: span for span in spans}
        parent = found[0]
        while parent is not None and parent is not top:
            parent = by_id.get(parent.parent_id)
        assert parent is top, f"{found[0]} is not below {top}:\n{tree(spans)}"
        return found[0]

    def expect_whole(self, spans, trace):
        """No span hangs in the air, and all have a length."""
        known = {span.span_id for span in spans} | {trace.span_id}
        for span in spans:
            assert span.parent_id in known, f"{span} has no parent:\n{tree(spans)}"
            assert span.start <= span.end, span
        # As far as calls go; an event keeps no tracestate.
        for span in spans:
            if span.kind in ("server", "client"):
                assert span.trace_state == "test=eyes", f"{span}: {span.trace_state}"


class Watcher:
    """A browser that has a discussion open."""

    def __init__(self, url, path):
        url = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        self.connection.request("GET", f"{path}?since={2**52}")
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.status
        self.wait_for("retry:")

    def wait_for(self, start):
        while True:
            line = self.response.readline().decode()
            assert line, f"the stream ended before {start}"
            if line.startswith(start):
                return

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.connection.close()
