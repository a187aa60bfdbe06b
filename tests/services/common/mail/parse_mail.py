"""Prints what Python's email package makes of a mail, as JSON."""
import email
import email.header
import email.policy
import email.utils
import json
import sys

raw = open(sys.argv[1], "rb").read()
mail = email.message_from_bytes(raw, policy=email.policy.default)


# The newer parser of addresses puts a space between encoded words (3.11).
name, address = email.utils.parseaddr(email.message_from_bytes(raw)["From"])
name = str(email.header.make_header(email.header.decode_header(name)))


def part(message):
    return {
        "type": message.get_content_type(),
        "charset": message.get_content_charset(),
        "content": message.get_content().replace("\r\n", "\n"),
    }


json.dump(
    {
        "headers": [[name, str(value)] for name, value in mail.items()],
        "defects": [repr(defect) for piece in mail.walk() for defect in piece.defects],
        "date": mail["Date"].datetime.isoformat(),
        "from": [name, address],
        "type": mail.get_content_type(),
        "parts": [part(piece) for piece in mail.walk() if not piece.is_multipart()],
    },
    open(sys.argv[2], "w"),
)
