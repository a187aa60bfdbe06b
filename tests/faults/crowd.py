"""Many who ask at once."""

import threading
import time

# Twice the longest deadline of the gateway: whoever waits for longer was forgotten.
PATIENCE = 30


class Crowd:
    """Each of them asks in a thread of its own, as soon as it is made; their answers come
    in the order of those who ask, None for who got none."""

    def __init__(self, asks):
        self.begun = time.monotonic()
        self.results = []
        self.threads = []
        for ask in asks:
            self.results.append((None, None))
            self.threads.append(threading.Thread(
                target=self.ask, args=(len(self.threads), ask), daemon=True))
        for thread in self.threads:
            thread.start()

    def ask(self, number, ask):
        answer = ask()
        self.results[number] = answer, time.monotonic() - self.begun

    def answers(self):
        for thread in self.threads:
            thread.join(max(0.1, self.begun + PATIENCE - time.monotonic()))
        return [answer for answer, _ in self.results]

    def slowest(self):
        return max((took for _, took in self.results if took is not None), default=0)
