"""A browser-like HTTP client of Rostrum and a reader of the mail catcher.

Standard library only, so that it runs wherever the stack runs.
"""

import email
import email.policy
import glob
import http.client
import json
import os
import re
import select
import time
import urllib.parse


class Answer:
    """An HTTP answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def reason(self):
        """The reason of an error, from its ErrorInfo."""
        for detail in self.json.get("error", {}).get("details", []):
            if detail.get("@type", "").endswith("google.rpc.ErrorInfo"):
                return detail["reason"]
        return None

    def __str__(self):
        return f"{self.status} {self.body[:600].decode(errors='replace')}"


class Browser:
    """Keeps cookies, as a browser would. One connection for each request, if it does not
    keep its connection until the server closes it or says that it will."""

    timeout = 30  # seconds, for each wait of a request
    keeps = False
    kept = None  # the connection

    def __init__(self, url, bearer=None):
        self.url = urllib.parse.urlsplit(url)
        self.cookies = {}
        self.bearer = bearer

    def copy(self):
        """Another tab: the same cookies, independent from now on."""
        tab = Browser(self.url.geturl(), self.bearer)
        tab.cookies = dict(self.cookies)
        return tab

    def is_connected(self):
        """Whether the next request goes to a connection that was kept."""
        if self.kept is not None and select.select([self.kept.sock], [], [], 0)[0]:
            self.kept.close()  # as the server has: nothing else comes unasked
            self.kept = None
        return self.kept is not None

    def connect(self):
        if self.is_connected():
            connection, self.kept = self.kept, None
            return connection
        return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=self.timeout)

    def request(self, method, path, body=None, headers=None, raw=None):
        connection = self.connect()
        sent = {"Origin": self.url.geturl()} if method != "GET" else {}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if self.bearer:
            sent["Authorization"] = f"Bearer {self.bearer}"
        payload = raw
        if body is not None:
            payload = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection.request(method, path, payload, sent)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, self.read(connection, response))
        if self.keeps and not response.will_close:
            self.kept = connection
        else:
            connection.close()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            value, *attributes = [part.strip() for part in rest.split(";")]
            gone = any(a.lower() == "max-age=0" for a in attributes)
            if gone:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def read(self, connection, response):
        """The body; of a stream, which does not end, what comes at first."""
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            return response.read()
        connection.sock.settimeout(0.3)
        body = b""
        try:
            while part := response.read1(65536):
                body += part
        except TimeoutError:
            pass
        return body

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.request("GET", path)

    def post(self, path, body=None, **headers):
        return self.request("POST", path, {} if body is None else body,
                            {k.replace("_", "-"): v for k, v in headers.items()})

    def pages(self, path, key, **query):
        """All elements of a list, page by page."""
        while True:
            answer = self.get(path, **query)
            assert answer.status == 200, answer
            yield from answer.json[key]
            query["pageToken"] = answer.json["nextPageToken"]
            if not query["pageToken"]:
                return


class Mailbox:
    """The mail catcher's Maildir."""

    def __init__(self, maildir):
        self.maildir = maildir

    def to(self, address):
        """All mails to an address, oldest first."""
        found = []
        for path in glob.glob(os.path.join(self.maildir, "new", "*")):
            with open(path, "rb") as file:
                mail = email.message_from_binary_file(file, policy=email.policy.default)
            if address.lower() in (mail["To"] or "").lower():
                found.append((os.stat(path).st_mtime_ns, mail))
        return [mail for _, mail in sorted(found, key=lambda entry: entry[0])]

    def wait(self, address, count=1, seconds=20):
        """The newest mail to an address once there are `count`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            mails = self.to(address)
            if len(mails) >= count:
                return mails[-1]
            time.sleep(0.05)
        raise AssertionError(f"no mail number {count} to {address} within {seconds} s")


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def token_in(mail):
    """The token of the link in a mail."""
    return re.search(r"[?&]token=([A-Za-z0-9_-]+)", text_of(mail)).group(1)


def code_in(mail):
    """The six-digit code in a mail."""
    return re.search(r"code: (\d{6})\b", text_of(mail)).group(1)
