"""An OTLP/HTTP collector that keeps what it is sent, for tests."""

import http.server
import json
import threading
import time


class Span:
    KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}

    def __init__(self, service, span):
        self.service = service
        self.trace_id = span["traceId"]
        self.span_id = span["spanId"]
        self.parent_id = span.get("parentSpanId", "")
        self.trace_state = span.get("traceState", "")
        self.name = span["name"]
        self.kind = self.KINDS[span["kind"]]
        self.start = int(span["startTimeUnixNano"])
        self.end = int(span["endTimeUnixNano"])
        self.failed = span.get("status", {}).get("code") == 2
        self.attributes = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}

    def __str__(self):
        return f"{self.service}: {self.kind} {self.name}{' FAILED' if self.failed else ''}"


class Collector:
    def __init__(self):
        self.lock = threading.Lock()
        self.bodies = []
        self.spans = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = 200 if self.path == "/v1/traces" else 404
                if status == 200:
                    collector.take(body)
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def take(self, body):
        spans = []
        for of_process in json.loads(body)["resourceSpans"]:
            resource = {a["key"]: a["value"]["stringValue"]
                        for a in of_process["resource"]["attributes"]}
            for scope in of_process["scopeSpans"]:
                spans += [Span(resource["service.name"], span) for span in scope["spans"]]
        with self.lock:
            self.bodies.append(body)
            self.spans += spans

    def all(self):
        with self.lock:
            return list(self.spans)

    def trace(self, trace_id):
        with self.lock:
            return [span for span in self.spans if span.trace_id == trace_id]

    def wait(self, trace_id, names, seconds=30):
        """The spans of a trace, once all of `names` are there and no more come."""
        deadline = time.monotonic() + seconds
        before = [-1, -1]
        while time.monotonic() < deadline:
            spans = self.trace(trace_id)
            if set(names) <= {span.name for span in spans} and before == [len(spans)] * 2:
                return spans
            before = [before[1], len(spans)]
            time.sleep(1.5)  # longer than a span waits for company; twice, should one be late
        missing = set(names) - {span.name for span in self.trace(trace_id)}
        raise AssertionError(f"no spans {missing} in the trace:\n{tree(self.trace(trace_id))}")


def tree(spans):
    """A trace as indented lines."""
    known = {span.span_id for span in spans}
    lines = []

    def add(span, depth):
        lines.append("  " * depth + str(span))
        for child in sorted((s for s in spans if s.parent_id == span.span_id),
                            key=lambda s: s.start):
            add(child, depth + 1)

    for root in spans:
        if root.parent_id not in known:
            add(root, 0)
    return "\n".join(lines)
