"""A connection to a server that can be made to hang."""

import asyncio
import threading


class Wire:
    """Listens in front of a port and hands everything on. While it hangs, it is as if the
    server was stopped: it takes connections and what is sent, and answers nothing."""

    def __init__(self, port):
        self.target = port
        self.port = None
        self.loop = asyncio.new_event_loop()
        self.tasks = set()
        self.flows = None
        begun = threading.Event()
        threading.Thread(target=self.run, args=(begun,), daemon=True).start()
        begun.wait()

    def run(self, begun):
        asyncio.set_event_loop(self.loop)
        self.flows = asyncio.Event()
        self.flows.set()
        server = self.loop.run_until_complete(
            asyncio.start_server(self.connect, "127.0.0.1", 0, backlog=256))
        self.port = server.sockets[0].getsockname()[1]
        begun.set()
        self.loop.run_forever()

    async def connect(self, reader, writer):
        await self.flows.wait()
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        for way in (self.pump(reader, target_writer), self.pump(target_reader, writer)):
            task = self.loop.create_task(way)
            self.tasks.add(task)  # else nobody holds it
            task.add_done_callback(self.tasks.discard)

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                await self.flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        # An end is news too.
        await self.flows.wait()
        writer.close()

    def hang(self):
        self.loop.call_soon_threadsafe(self.flows.clear)

    def go_on(self):
        self.loop.call_soon_threadsafe(self.flows.set)
