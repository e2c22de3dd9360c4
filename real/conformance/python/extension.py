"""An API server of one group, `wardle.example.com/v1`: flunders, which are named after who asks.

Arguments: port, certificate, key, authorities that sign the certificates of proxies.
"""

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GROUP = "/apis/wardle.example.com/v1"
RESOURCES = {
    "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "wardle.example.com/v1",
    "resources": [{
        "name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder",
        "verbs": ["get", "list"], "shortNames": ["fl"],
    }],
}
INDEX = {"paths": {GROUP[1:]: {"serverRelativeURL": f"/openapi/v3{GROUP}?hash=1"}}}
OPENAPI = {"openapi": "3.0.0", "info": {"title": "Wardle", "version": "1"}, "paths": {}}


class Extension(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0].rstrip("/")
        subject = dict(pair for (pair,) in (self.connection.getpeercert() or {}).get("subject", ()))
        if not subject:
            return self.answer(401, {"kind": "Status", "message": "who are you?"})
        if path == GROUP:
            return self.answer(200, RESOURCES)
        if path == "/openapi/v3":
            return self.answer(200, INDEX)
        if path == f"/openapi/v3{GROUP}":
            return self.answer(200, OPENAPI)
        if path == f"{GROUP}/away":
            self.send_response(302)
            self.send_header("Location", "https://example.com/")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if path == f"{GROUP}/headers":
            headers = [[name.lower(), value] for name, value in self.headers.items()]
            return self.answer(200, {"headers": headers, "proxy": subject.get("commonName")})
        if path.endswith("/flunders"):
            flunder = {
                "kind": "Flunder", "apiVersion": "wardle.example.com/v1",
                "metadata": {"name": self.headers["X-Remote-User"], "namespace": "default"},
            }
            return self.answer(200, {
                "kind": "FlunderList", "apiVersion": "wardle.example.com/v1",
                "metadata": {"resourceVersion": "1"}, "items": [flunder],
            })
        return self.answer(404, {"kind": "Status", "apiVersion": "v1", "code": 404})

    def answer(self, code, document):
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


port, certificate, key, authorities = sys.argv[1:]
server = ThreadingHTTPServer(("localhost", int(port)), Extension)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
context.load_verify_locations(authorities)
context.verify_mode = ssl.CERT_OPTIONAL
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("serving", flush=True)
server.serve_forever()
