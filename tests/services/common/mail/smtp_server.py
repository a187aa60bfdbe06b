"""A real SMTP server that answers by who is written to, and keeps what it takes.

Usage: smtp_server.py FOLDER. Writes its port to FOLDER/port and each mail to
FOLDER/mail-N. At FOLDER/refusing-port nobody is let in.
"""
import asyncio
import json
import os
import sys

from aiosmtpd.smtp import SMTP

folder = sys.argv[1]


class Handler:
    count = 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("unauthenticated@"):
            return "530 5.7.0 Authentication required"
        if address.startswith("stranger@"):
            return "550 5.7.1 this sender is not yours"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("busy@"):
            return "451 4.3.0 try again later"
        if address.startswith("unknown@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("moved@"):
            return "550-5.1.6 this mailbox has moved\r\n550 5.1.6 to nowhere"
        if address.startswith("nowhere@"):
            return "550 no such mailbox"
        if address.startswith("relayed@"):
            return "554 5.7.1 relay access denied"
        if address.startswith("doubted@"):
            return "550 5.1.8 the sender's domain is not found"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "full@example.org" in envelope.rcpt_tos:
            return "452 4.2.2 mailbox full"
        if "spam@example.org" in envelope.rcpt_tos:
            return "554 5.7.1 we do not want this"
        Handler.count += 1
        path = os.path.join(folder, "mail-%d" % Handler.count)
        with open(path + ".json", "w") as out:
            json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos}, out)
        with open(path, "wb") as out:
            out.write(envelope.original_content)
        return "250 OK"


async def refuse(reader, writer):
    writer.write(b"554 5.7.1 your network is not welcome\r\n")
    await writer.drain()
    await reader.read()
    writer.close()


def publish(server, name):
    path = os.path.join(folder, name)
    with open(path + ".new", "w") as out:
        out.write(str(server.sockets[0].getsockname()[1]))
    os.rename(path + ".new", path)


async def main():
    loop = asyncio.get_running_loop()
    publish(await asyncio.start_server(refuse, "127.0.0.1", 0), "refusing-port")
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="test"), "127.0.0.1", 0)
    publish(server, "port")
    await server.serve_forever()


asyncio.run(main())
