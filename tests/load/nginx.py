"""An nginx of our own on loopback that serves one folder."""

import os
import pathlib
import socket
import subprocess

from local_stack import wait_until

CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes {workers};
worker_rlimit_nofile 20000;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;
  default_type text/html;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


class Nginx:
    def __init__(self, folder, root):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        folder = pathlib.Path(folder)
        folder.mkdir(exist_ok=True)
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=folder, root=root, port=port,
                                        workers=os.cpu_count()))
        self.url = f"http://127.0.0.1:{port}"
        # It ends with us, however we end.
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--",
                                         "nginx", "-c", config, "-e", folder / "error.log"])
        try:
            wait_until(lambda: self.answers(port), "nginx answers", 10)
        except BaseException:
            self.stop()
            raise

    def answers(self, port):
        assert self.process.poll() is None, "nginx ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def serve_page(row, body):
    """The address of a file of these bytes, for as long as the row lasts."""
    folder = row.stack.folder / row.name
    root = folder / "www"
    root.mkdir(parents=True)
    (root / "page.html").write_bytes(body)
    for path, mode in ((folder, 0o755), (root, 0o755), (root / "page.html", 0o644)):
        path.chmod(mode)
    nginx = Nginx(folder / "nginx", root)
    row.at_end.callback(nginx.stop)
    return nginx.url + "/page.html"
