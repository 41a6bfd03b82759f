#!/usr/bin/env python3
"""A server that takes webhooks: prints its port, and then each request as a JSON object a line."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers everything with 204."""

    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = {
            "method": self.command,
            "path": self.path,
            "token": self.headers.get("X-Token"),
            "body": json.loads(body) if body else None,
        }
        print(json.dumps(request), flush=True)
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = take

    def log_message(self, *arguments):
        """Says nothing."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
