//! Servers in Python, which need nothing to be installed or built.

/// It passes rest/01. Its arguments are statements, run before it serves; `host` and `port`
/// are theirs to change.
pub(super) const GOOD: &str = r#"
import http.server, os, socket, sys, signal, threading, time

class Health(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(*((200, b'{"status":"ok"}') if self.path == "/health" else (404,)))

    def do_POST(self):
        self.answer(405)

host, port = os.environ["LAB_REST_ADDR"].rsplit(":", 1)
for statement in sys.argv[1:]:
    exec(statement)

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

Server((host, int(port)), Health).serve_forever()
"#;

/// Its argument says what each connection gets: statements, with the connection as `c`.
pub(super) const RAW: &str = r#"
import os, socket, sys, threading, time

host, port = os.environ["LAB_REST_ADDR"].rsplit(":", 1)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((host, int(port)))
listener.listen(50)

def serve(c):
    try:
        # A connection that only looks whether somebody listens says nothing.
        if c.recv(65536):
            exec(sys.argv[1], {"c": c, "os": os, "time": time})
    except OSError:
        pass
    c.close()

while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"#;
