"""A proxy in front of the API server that knows JSON only: it asks for that, whatever its client accepts."""
import http.client
import http.server
import ssl
import threading


class JsonProxy:
    """`url` is plain HTTP; `accepted` are the Accept headers of what was asked."""

    def __init__(self, cluster):
        self.accepted = set()
        proxy, context = self, ssl.create_default_context(cafile=cluster.ca)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                proxy.accepted.add(self.headers["Accept"])
                upstream = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=context, timeout=60)
                upstream.request("GET", self.path, headers={"Authorization": self.headers["Authorization"],
                                                            "Accept": "application/json"})
                answer = upstream.getresponse()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while piece := answer.read1(65536):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
                upstream.close()

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that ends cuts its watches

        self._server = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
