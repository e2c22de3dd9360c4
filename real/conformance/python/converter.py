"""A server of conversion webhooks for lamps: `/convert` moves `spec.watts` (v1) to `spec.power.watts`
(v2) and back, `/wrong` gives every object another name.

Arguments: port, certificate, key.
"""

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def converted(lamp, version):
    lamp = json.loads(json.dumps(lamp))
    spec = lamp.setdefault("spec", {})
    if version.endswith("/v2") and "watts" in spec:
        spec["power"] = {"watts": spec.pop("watts")}
    if version.endswith("/v1") and "power" in spec:
        spec["watts"] = spec.pop("power")["watts"]
    lamp["apiVersion"] = version
    return lamp


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        lamps = [converted(lamp, request["desiredAPIVersion"]) for lamp in request["objects"]]
        print("converted", len(lamps), request["desiredAPIVersion"], flush=True)
        if self.path.startswith("/wrong"):
            for lamp in lamps:
                lamp["metadata"]["name"] = "other"
        response = {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": lamps}
        answer = {"kind": "ConversionReview", "apiVersion": "apiextensions.k8s.io/v1", "response": response}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


port, certificate, key = sys.argv[1:]
server = ThreadingHTTPServer(("127.0.0.1", int(port)), Webhook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("serving", flush=True)
server.serve_forever()
